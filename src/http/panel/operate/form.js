/** A dialog with fields, made for one question and gone after it. */
import { element } from '../page.js';
import { Refused } from '../server.js';
import { text } from '../text.js';
import { actionButton, whyNot } from './parts.js';

/**
 * @typedef {object} Field
 * @property {string} name as the server calls it
 * @property {string} label
 * @property {string} [value]
 * @property {string} [hint] an example
 * @property {'text' | 'datetime-local' | 'time' | 'checks'} [kind] `checks`: the value is the chosen options with spaces between them
 * @property {readonly (readonly [string, string])[]} [options] values and labels, to choose from
 * @property {readonly string[]} [suggestions] a person may also write something else
 */

/** @typedef {Record<string, string>} Values by the name of the field, without spaces around them */

let made = 0;

/**
 * Asks, and saves what is answered. A refusal is shown, and the person may try again.
 * @param {{ title: string, note?: string, fields: readonly Field[], yes: string, save: (values: Values) => Promise<unknown> }} form
 * @returns {Promise<boolean>} whether it was saved
 */
export function askFields({ title, note = '', fields, yes, save }) {
  const dialog = document.createElement('dialog');
  dialog.className = 'asked';
  const form = document.createElement('form');
  const head = element('h2', '', title);
  head.id = `asked-${++made}`;
  dialog.setAttribute('aria-labelledby', head.id);
  const problem = element('p', 'error');
  problem.setAttribute('role', 'alert');
  const rows = fields.map(fieldOf);
  const send = element('button', 'primary', yes);
  const buttons = element('div', 'buttons');
  buttons.append(
    send,
    actionButton(text().cancel, () => dialog.close()),
  );
  form.append(head, ...(note === '' ? [] : [element('p', 'sub wrap', note)]), ...rows.map(({ row }) => row));
  form.append(problem, buttons);
  form.noValidate = true;
  dialog.append(form);
  document.body.append(dialog);
  let saved = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    problem.textContent = '';
    for (const { row } of rows) row.querySelector('input, select')?.removeAttribute('aria-invalid');
    try {
      await save(Object.fromEntries(rows.map(({ name, value }) => [name, value()])));
      saved = true;
      dialog.close();
    } catch (error) {
      problem.textContent = whyNot(error);
      if (!(error instanceof Refused)) return;
      const wrong = rows.find(({ name }) => name === error.field)?.row.querySelector('input, select');
      wrong?.setAttribute('aria-invalid', 'true');
      /** @type {HTMLElement | null | undefined} */ (wrong)?.focus();
    }
  });
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(saved);
    });
  });
}

/** @param {Field} field @returns {{ name: string, row: Element, value: () => string }} */
function fieldOf(field) {
  if (field.kind === 'checks') return checksOf(field);
  const { name, label, value = '', hint = '', kind = 'text', options, suggestions = [] } = field;
  const input = options ? document.createElement('select') : document.createElement('input');
  if (input instanceof HTMLInputElement) {
    Object.assign(input, { type: kind, placeholder: hint, spellcheck: false });
    input.setAttribute('autocomplete', 'off');
  } else input.append(...(options ?? []).map(([one, shown]) => new Option(shown, one)));
  input.value = value;
  input.id = `asked-${made}-${name}`;
  input.name = name;
  const row = element('div', 'field');
  const said = document.createElement('label');
  said.htmlFor = input.id;
  said.textContent = label;
  row.append(said, input);
  if (suggestions.length > 0) {
    const list = document.createElement('datalist');
    list.id = `${input.id}-list`;
    list.append(...suggestions.map((one) => new Option(one)));
    input.setAttribute('list', list.id);
    row.append(list);
  }
  return { name, row, value: () => input.value.trim() };
}

/** @param {Field} field */
function checksOf({ name, label, value = '', options = [] }) {
  const row = element('fieldset', 'field checks');
  row.append(element('legend', '', label));
  const chosen = value.split(' ');
  const boxes = options.map(([one, shown]) => {
    const box = document.createElement('input');
    Object.assign(box, { type: 'checkbox', value: one, name, checked: chosen.includes(one) });
    const said = document.createElement('label');
    said.append(box, ` ${shown}`);
    row.append(said);
    return box;
  });
  const value_ = () =>
    boxes
      .filter(({ checked }) => checked)
      .map((box) => box.value)
      .join(' ');
  return { name, row, value: value_ };
}
