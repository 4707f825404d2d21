/** Who is at the built-in broker. */
import { ago, duration, number } from '../format.js';
import { element } from '../page.js';
import { call } from '../server.js';
import { text } from '../text.js';
import { entries, entry, heading, spoken } from './parts.js';

/** @typedef {import('../../panel-types.ts').Calls['GET /api/broker/clients']['answer']['clients'][number]} Client */

/** Clients that are read, and that are listed at once; the search finds the others. */
const [READ, MOST] = [10_000, 200];

const english = {
  external: 'This program is a client of another broker, which knows its clients.',
  none: 'No client is connected.',
  connected: (/** @type {string} */ n) => `${n} connected`,
  search: 'Search clients',
  noMatch: 'No client matches.',
  absent: 'absent',
  nameless: '(without a client id)',
  since: (/** @type {string} */ time) => `connected for ${time}`,
  gone: (/** @type {string} */ time) => `absent for ${time}`,
  seen: (/** @type {string} */ time) => `last seen ${time}`,
  subscriptions: (/** @type {string} */ n) => `subscriptions: ${n}`,
  queued: (/** @type {string} */ n) => `waiting messages: ${n}`,
  session: 'session is kept',
};
/** @type {typeof english} */
const spanish = {
  external: 'Este programa es cliente de otro bróker, que conoce a sus clientes.',
  none: 'No hay ningún cliente conectado.',
  connected: (n) => `${n} ${n === '1' ? 'conectado' : 'conectados'}`,
  search: 'Buscar clientes',
  noMatch: 'Ningún cliente coincide.',
  absent: 'ausente',
  nameless: '(sin identificador)',
  since: (time) => `conectado desde hace ${time}`,
  gone: (time) => `ausente desde hace ${time}`,
  seen: (time) => `visto ${time}`,
  subscriptions: (n) => `suscripciones: ${n}`,
  queued: (n) => `mensajes en espera: ${n}`,
  session: 'se guarda su sesión',
};
const words = () => spoken(english, spanish);

/** @returns {Promise<Element[]>} */
export async function load() {
  const { builtIn, clients } = await call('GET /api/broker/clients', { query: { limit: READ } });
  if (!builtIn) return [element('p', 'empty', words().external)];
  const sorted = clients.toSorted(
    (a, b) => Number(b.connected) - Number(a.connected) || a.clientId.localeCompare(b.clientId),
  );
  const search = document.createElement('input');
  search.type = 'search';
  search.setAttribute('aria-label', words().search);
  search.placeholder = words().search;
  const place = element('div', '');
  const show = () => {
    const needle = search.value.trim().toLocaleLowerCase();
    const found = sorted.filter(({ clientId, user, address }) =>
      `${clientId} ${user ?? ''} ${address ?? ''}`.toLocaleLowerCase().includes(needle),
    );
    place.replaceChildren(
      entries(found.slice(0, MOST).map(itemOf), clients.length === 0 ? words().none : words().noMatch),
    );
    if (found.length > MOST)
      place.append(element('p', 'empty', text().counted(number(MOST), number(found.length))));
  };
  search.addEventListener('input', show);
  show();
  const connected = clients.filter((client) => client.connected).length;
  return [heading(words().connected(number(connected)), search), place];
}

/** @param {Client} client */
function itemOf({ clientId, user, address, connected, since, seen, session, subscriptions, queued }) {
  const lasted = duration(Date.now() - since);
  const facts = [
    connected ? words().since(lasted) : words().gone(lasted),
    ...(connected ? [words().seen(ago(Date.now() - seen))] : []),
    words().subscriptions(number(subscriptions)),
    words().queued(number(queued)),
    ...(session && connected ? [words().session] : []),
  ];
  return entry({
    title: clientId === '' ? words().nameless : clientId,
    tags: [...(connected ? [] : [words().absent]), ...[user, address].flatMap((one) => one ?? [])],
    facts: [facts.join(' · ')],
  });
}
