/** The messages that could not be stored: looked at, sent through the pipeline again, or deleted. */
import { ask } from '../ask.js';
import { moment, number } from '../format.js';
import { element } from '../page.js';
import { call } from '../server.js';
import { text } from '../text.js';
import { actionButton, entries, entry, spoken } from './parts.js';

/** @typedef {import('../../panel-types.ts').Calls} Calls */
/** @typedef {Calls['GET /api/dead-letters']['answer'][number]} Letter */

const PAGE = 100;
/** Bytes of a message that are shown. */
const SHOWN = 2000;

const english = {
  none: 'Every message could be stored.',
  times: (/** @type {string} */ n) => `${n} times`,
  size: (/** @type {string} */ n) => `${n} bytes`,
  again: 'Send again',
  stored: 'Stored.',
  refused: (/** @type {string} */ why) => `Still refused: ${why}`,
  remove: 'Delete…',
  removeTitle: 'Delete this message?',
  removeText: (/** @type {string} */ topic) =>
    `The message on ${topic} is deleted and cannot be brought back.`,
  removeNow: 'Delete for good',
  more: 'There are more; the newest are shown.',
};
/** @type {typeof english} */
const spanish = {
  none: 'Todos los mensajes se han podido guardar.',
  times: (n) => `${n} veces`,
  size: (n) => `${n} bytes`,
  again: 'Enviar de nuevo',
  stored: 'Guardado.',
  refused: (why) => `Sigue rechazado: ${why}`,
  remove: 'Eliminar…',
  removeTitle: '¿Eliminar este mensaje?',
  removeText: (topic) => `El mensaje de ${topic} se elimina y no se podrá recuperar.`,
  removeNow: 'Eliminar para siempre',
  more: 'Hay más; se muestran los más recientes.',
};
const words = () => spoken(english, spanish);

/** @returns {Promise<Element[]>} */
export async function load() {
  const letters = await call('GET /api/dead-letters', { query: { limit: PAGE } });
  const note = letters.length === PAGE ? [element('p', 'empty', words().more)] : [];
  return [entries(letters.map(itemOf), words().none), ...note];
}

/** @param {Letter} letter */
function itemOf(letter) {
  const { id, topic, reason, detail, size, count, lastTs } = letter;
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = detail;
  const facts = [moment(lastTs), words().size(number(size))];
  if (count > 1) facts.push(words().times(number(count)));
  const payload = element('pre', '');
  // What scrolls must be reachable by keyboard.
  payload.tabIndex = 0;
  details.append(summary, payload);
  details.addEventListener('toggle', async () => {
    if (details.open && payload.textContent === '') payload.textContent = await contentOf(id);
  });
  const result = element('p', 'result');
  result.setAttribute('role', 'status');
  const buttons = [
    actionButton(words().again, () => replay(id, item, result), { of: topic }),
    actionButton(words().remove, () => remove(letter, item, result), { of: topic }),
  ];
  const item = entry({
    title: topic,
    tags: [reason],
    facts: [facts.join(' · ')],
    buttons,
    more: [details, result],
  });
  item.dataset.id = id;
  return item;
}

/** The message as text, or as bytes where it is none. @param {string} id */
async function contentOf(id) {
  try {
    const { payload } = await call('GET /api/dead-letters/{id}', { params: { id } });
    const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0));
    const [start, end] = [bytes.subarray(0, SHOWN), bytes.length > SHOWN ? '…' : ''];
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(start) + end;
    } catch {
      return [...start].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') + end;
    }
  } catch {
    return text().failed;
  }
}

/** @param {string} id @param {HTMLElement} item @param {HTMLElement} result */
async function replay(id, item, result) {
  try {
    const { stored, detail } = await call('POST /api/dead-letters/{id}/replay', { params: { id } });
    result.textContent = stored ? words().stored : words().refused(detail ?? '');
    result.dataset.kind = stored ? 'ok' : 'alarm';
    if (stored) for (const button of item.querySelectorAll('button')) button.disabled = true;
  } catch {
    result.textContent = text().failed;
  }
}

/** @param {Letter} letter @param {HTMLElement} item @param {HTMLElement} result */
async function remove({ id, topic }, item, result) {
  const question = { title: words().removeTitle, text: words().removeText(topic), danger: true };
  if (!(await ask({ ...question, yes: words().removeNow }))) return;
  try {
    await call('DELETE /api/dead-letters/{id}', { params: { id } });
    item.remove();
  } catch {
    result.textContent = text().failed;
  }
}
