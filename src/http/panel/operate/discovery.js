/** What is published and not read, and which presets and sources would read it. */
import { number } from '../format.js';
import { element } from '../page.js';
import { call } from '../server.js';
import { actionButton, entries, entry, heading, spoken, whyNot } from './parts.js';

/** @typedef {import('../../panel-types.ts').Calls['POST /api/discovery']['answer']} Found */

const SECONDS = 10;

const english = {
  untaken:
    'Topics on which something was published since the start, and that no source takes. They are acknowledged and not stored.',
  external: 'The broker is another program. Listening there takes nothing from anybody.',
  listen: `Listen for ${SECONDS} s`,
  listening: 'Listening…',
  none: 'Every topic is taken by a source.',
  nothing: 'Nothing was published.',
  messages: (/** @type {string} */ n, /** @type {string} */ topics) =>
    `${n} ${n === '1' ? 'message' : 'messages'} on ${topics} ${topics === '1' ? 'topic' : 'topics'}`,
  such: (/** @type {string} */ topic) => `such as ${topic}`,
  preset: (/** @type {string} */ name) => `preset ${name}`,
  source: 'own source',
  becomes: (/** @type {string} */ what) => `would become ${what}`,
  proposal: 'Proposed settings',
  explained: 'Put these lines into vigia.yaml and start again:',
  copy: 'Copy',
  copied: 'Copied.',
  left: (/** @type {string} */ n) => `${n} messages on further topics were not looked at.`,
};
/** @type {typeof english} */
const spanish = {
  untaken:
    'Temas en los que se ha publicado algo desde el arranque y que ninguna fuente recoge. Se confirman y no se guardan.',
  external: 'El bróker es otro programa. Escuchar no quita nada a nadie.',
  listen: `Escuchar ${SECONDS} s`,
  listening: 'Escuchando…',
  none: 'Todos los temas los recoge alguna fuente.',
  nothing: 'No se ha publicado nada.',
  messages: (n, topics) =>
    `${n} ${n === '1' ? 'mensaje' : 'mensajes'} en ${topics} ${topics === '1' ? 'tema' : 'temas'}`,
  such: (topic) => `por ejemplo ${topic}`,
  preset: (name) => `preset ${name}`,
  source: 'fuente propia',
  becomes: (what) => `sería ${what}`,
  proposal: 'Configuración propuesta',
  explained: 'Ponga estas líneas en vigia.yaml y arranque de nuevo:',
  copy: 'Copiar',
  copied: 'Copiado.',
  left: (n) => `No se han mirado ${n} mensajes de otros temas.`,
};
const words = () => spoken(english, spanish);

/** @returns {Promise<Element[]>} */
export async function load() {
  const untaken = await call('GET /api/discovery');
  if (untaken.builtIn) return [element('p', 'facts', words().untaken), ...shown(untaken, words().none)];
  const place = element('div', '');
  place.setAttribute('role', 'status');
  const button = actionButton(words().listen, () => listen(place, button), { kind: 'primary' });
  return [heading(words().external, button), place];
}

/** @param {HTMLElement} place @param {HTMLButtonElement} button */
async function listen(place, button) {
  button.disabled = true;
  place.replaceChildren(element('p', 'empty', words().listening));
  try {
    const found = await call('POST /api/discovery', { body: { seconds: SECONDS } });
    place.replaceChildren(...shown(found, words().nothing));
  } catch (error) {
    place.replaceChildren(element('p', 'problem', whyNot(error)));
  }
  button.disabled = false;
}

/** @param {Found} found @param {string} none @returns {Element[]} */
function shown({ found, file, topicsLeftOut }, none) {
  const items = found.map(({ pattern, topics, messages, preset, example, becomes }) =>
    entry({
      title: pattern,
      tags: [preset === null ? words().source : words().preset(preset)],
      facts: [
        [words().messages(number(messages), number(topics)), words().such(example)].join(' · '),
        words().becomes(becomes),
      ],
    }),
  );
  if (topicsLeftOut > 0) items.push(entry({ title: words().left(number(topicsLeftOut)) }));
  return [entries(items, none), ...(file === '' ? [] : proposal(file))];
}

/** @param {string} file @returns {Element[]} */
function proposal(file) {
  const text = element('pre', 'proposal', file);
  // What scrolls must be reachable by keyboard.
  text.tabIndex = 0;
  const said = element('span', 'result');
  said.setAttribute('role', 'status');
  const copy = actionButton(words().copy, async () => {
    try {
      await navigator.clipboard.writeText(file);
      said.textContent = words().copied;
    } catch {
      // Over plain HTTP there is no clipboard: the text is chosen, for the keyboard.
      getSelection()?.selectAllChildren(text);
    }
  });
  return [heading(words().proposal, copy), element('p', 'facts', words().explained), said, text];
}
