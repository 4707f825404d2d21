/** What the parts of the view are put together from. */
import { element } from '../page.js';
import { Refused } from '../server.js';
import { currentLanguage, text } from '../text.js';

/**
 * The words of one part, in the language of the page.
 * @template T
 * @param {T} english @param {T} spanish @returns {T}
 */
export const spoken = (english, spanish) => (currentLanguage().startsWith('es') ? spanish : english);

/** What a person is told of a failure. @param {unknown} error */
export function whyNot(error) {
  if (!(error instanceof Refused)) return text().failed;
  if (error.status === 403) return text().notAllowed;
  return error.status === 503 ? text().busy : error.message;
}

/**
 * @param {string} label @param {() => unknown} action
 * @param {{ of?: string, kind?: 'danger' | 'primary' | '' }} [how] `of` is what it acts on, for who cannot see where it stands
 */
export function actionButton(label, action, { of = '', kind = '' } = {}) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = kind;
  button.textContent = label;
  if (of !== '') button.setAttribute('aria-label', `${label} ${of}`);
  button.addEventListener('click', action);
  return button;
}

/**
 * One line of a list: what it is, tags, what there is to say of it, and what can be done with it.
 * @param {{ title: string, tags?: readonly string[], facts?: readonly string[], buttons?: readonly Element[], more?: readonly Element[] }} one
 *   `more` comes below the facts
 */
export function entry({ title, tags = [], facts = [], buttons = [], more = [] }) {
  const item = element('li', '');
  const words = element('div', 'words');
  const head = element('p', 'line');
  head.append(element('strong', '', title), ...tags.map((tag) => element('span', 'tag', tag)));
  words.append(
    head,
    ...facts.filter((fact) => fact !== '').map((fact) => element('p', 'facts', fact)),
    ...more,
  );
  item.append(words);
  if (buttons.length > 0) {
    const row = element('div', 'buttons');
    row.append(...buttons);
    item.append(row);
  }
  return item;
}

/** @param {readonly Element[]} items @param {string} none said where there are none */
export function entries(items, none) {
  if (items.length === 0) return element('p', 'empty', none);
  const list = element('ul', 'entries');
  list.append(...items);
  return list;
}

/** @param {string} title @param {...Element} buttons */
export function heading(title, ...buttons) {
  const head = element('div', 'head');
  head.append(element('h3', '', title), ...buttons);
  return head;
}

/** Which series: patterns, or names. @param {{ sensor?: unknown, metric?: unknown }} one */
export const scopeName = ({ sensor = '*', metric = '*' }) => `${sensor} · ${metric}`;
