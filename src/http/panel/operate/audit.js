/** The audit log: who did what to what, from where. */
import { moment, number } from '../format.js';
import { element } from '../page.js';
import { call } from '../server.js';
import { text } from '../text.js';
import { actionButton, entries, entry, spoken, whyNot } from './parts.js';

/** @typedef {import('../../panel-types.ts').Calls['GET /api/audit']['answer']['entries'][number]} Act */

const PAGE = 100;

const english = {
  none: 'Nothing has been done yet.',
  nobody: 'unknown',
  times: (/** @type {string} */ n) => `${n} times`,
  outcomes: { done: 'done', refused: 'refused', failed: 'failed' },
};
/** @type {typeof english} */
const spanish = {
  none: 'Todavía no se ha hecho nada.',
  nobody: 'desconocido',
  times: (n) => `${n} veces`,
  outcomes: { done: 'hecho', refused: 'rechazado', failed: 'fallido' },
};
const words = () => spoken(english, spanish);

/** @returns {Promise<Element[]>} */
export async function load() {
  const first = await call('GET /api/audit', { query: { limit: PAGE } });
  const list = entries(first.entries.map(itemOf), words().none);
  return first.next === null ? [list] : [list, more(list, first.next)];
}

/** @param {Element} list @param {string} next where the next page begins */
function more(list, next) {
  const foot = element('p', 'foot');
  const button = actionButton(text().more, async () => {
    try {
      const page = await call('GET /api/audit', { query: { limit: PAGE, before: next } });
      list.append(...page.entries.map(itemOf));
      if (page.next === null) foot.remove();
      else next = page.next;
    } catch (error) {
      button.after(element('span', 'error', whyNot(error)));
    }
  });
  foot.append(button);
  return foot;
}

/** @param {Act} act */
function itemOf({ ts, actor, role, address, action, target, outcome, status, detail, count }) {
  const who = role === null ? (actor ?? words().nobody) : `${actor ?? words().nobody} (${role})`;
  const facts = [moment(ts), who, address];
  if (count > 1) facts.push(words().times(number(count)));
  return entry({
    title: action,
    tags: [outcome === 'done' ? words().outcomes.done : `${words().outcomes[outcome]} ${status}`],
    facts: [facts.join(' · '), [target, detail ?? ''].filter((part) => part !== '').join(' · ')],
  });
}
