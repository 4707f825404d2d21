/** The view in which the program is operated. Each of its parts is read when it is first opened. */
import { at, element } from '../page.js';
import { may, readSession } from '../session.js';
import { actionButton, spoken, whyNot } from './parts.js';
import { styled } from './style.js';

/**
 * @typedef {import('../session.js').Role} Role
 * @typedef {{ load: (again: () => Promise<void>) => Promise<Element[]> }} Part `again` reads the part anew
 * @typedef {{ needs: Role, read: () => Promise<Part> }} Place
 */

/** @satisfies {Record<string, Place>} */
const PARTS = {
  rules: { needs: /** @type {Role} */ ('viewer'), read: () => import('./rules.js') },
  mutes: { needs: /** @type {Role} */ ('viewer'), read: () => import('./mutes.js') },
  names: { needs: /** @type {Role} */ ('operator'), read: () => import('./names.js') },
  models: { needs: /** @type {Role} */ ('viewer'), read: () => import('./models.js') },
  clients: { needs: /** @type {Role} */ ('operator'), read: () => import('./clients.js') },
  discovery: { needs: /** @type {Role} */ ('operator'), read: () => import('./discovery.js') },
  'dead-letters': { needs: /** @type {Role} */ ('admin'), read: () => import('./dead-letters.js') },
  audit: { needs: /** @type {Role} */ ('admin'), read: () => import('./audit.js') },
};
/** @typedef {keyof typeof PARTS} Name */

/** @type {Record<Name, string>} */
const english = {
  rules: 'Rules',
  mutes: 'Mutes',
  names: 'Names and units',
  models: 'Models',
  clients: 'Clients',
  discovery: 'Discovery',
  'dead-letters': 'Dead letters',
  audit: 'Audit log',
};
/** @type {typeof english} */
const spanish = {
  rules: 'Reglas',
  mutes: 'Silencios',
  names: 'Nombres y unidades',
  models: 'Modelos',
  clients: 'Clientes',
  discovery: 'Descubrir',
  'dead-letters': 'Apartados',
  audit: 'Auditoría',
};
const titles = () => spoken(english, spanish);

const section = at('operate');
let shown = 0;

/** @param {string} wanted the name of a part; another is the first */
export async function showPart(wanted) {
  const mine = ++shown;
  await Promise.all([styled, readSession()]);
  if (mine !== shown) return;
  const names = /** @type {Name[]} */ (Object.keys(PARTS)).filter((name) => may(PARTS[name].needs));
  const name = names.find((one) => one === wanted) ?? 'rules';
  const title = element('h2', '', titles()[name]);
  title.id = 'operate-title';
  title.tabIndex = -1;
  const head = element('div', 'head');
  const again = async () => {
    await showPart(name);
    at('operate-title')?.focus();
  };
  head.append(title, actionButton(spoken('Refresh', 'Actualizar'), again));
  const body = element('div', `part ${name}`);
  body.setAttribute('aria-busy', 'true');
  const nav = tabs(names, name);
  section.replaceChildren(nav, head, body);
  // On a phone there is no room for all of them.
  const current = /** @type {HTMLElement | null} */ (nav.querySelector('[aria-current]'));
  nav.scrollLeft = (current?.offsetLeft ?? 0) - nav.offsetLeft - 40;
  try {
    const part = /** @type {Part} */ (await PARTS[name].read());
    const content = await part.load(again);
    body.replaceChildren(...content);
  } catch (error) {
    body.replaceChildren(element('p', 'problem', whyNot(error)));
  }
  body.removeAttribute('aria-busy');
}

/** @param {readonly Name[]} names @param {Name} current */
function tabs(names, current) {
  const nav = element('nav', 'tabs');
  nav.setAttribute('aria-label', spoken('Operate', 'Gestión'));
  for (const name of names) {
    const link = document.createElement('a');
    link.href = `#/${name}`;
    link.textContent = titles()[name];
    if (name === current) link.setAttribute('aria-current', 'page');
    nav.append(link);
  }
  return nav;
}
