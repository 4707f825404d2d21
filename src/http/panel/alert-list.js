/** The list of alerts: what is asked for, in the order of urgency, repeats together. */
import {
  forgetAlerts,
  knownAlert,
  knownAlerts,
  MOST_OPEN,
  noteAlert,
  openCount,
  readAsked,
  readOpen,
} from './alert-book.js';
import { byUrgency, fits, groupsOf, isDue } from './alert-filter.js';
import { alertFilter, filterFor, grouping, showFilter, whenFiltered } from './alert-filter-bar.js';
import { fillRow, measuredOf } from './alert-row.js';
import { ask } from './ask.js';
import { duration, number } from './format.js';
import { tellOpen } from './notice.js';
import { at } from './page.js';
import { titleOf } from './series.js';
import { call } from './server.js';
import { steadyList } from './steady-list.js';
import { ruleName, text } from './text.js';

/** @typedef {import('./alert-filter.js').Alert} Alert */

/** Rows, and more when asked for. */
const PAGE = 100;
/** Acknowledged in one request. */
const BATCH = 500;
const ANNOUNCE_MS = 4000;
const AGE_MS = 5000;

/** Rows by their group, or by their alert. @type {Map<string, { item: HTMLLIElement, id: string, shown: string }>} */
const rows = new Map();
/** Groups whose repeats are listed. @type {Set<string>} */
const unfolded = new Set();
let limit = PAGE;
/** Whether the server may have more than it was asked for. */
let more = false;
let announced = 0;
let frame = 0;

const list = at('alerts');
const place = steadyList(list, (waiting) => {
  at('alerts-new').hidden = waiting === 0;
  at('alerts-new').textContent = text().newAlerts(number(waiting));
});

/** @param {boolean} [anew] forgets what was known before, after a break */
export async function readAlerts(anew = false) {
  await Promise.all([readOpen(anew), readMore()]);
  showAlerts();
}

async function readMore() {
  const filter = alertFilter();
  // All of those are known.
  more = filter.state === 'open' ? false : await readAsked(filter, limit);
}

/** @param {Alert} alert new, or a new revision */
export function takeAlert(alert) {
  if (noteAlert(alert)) announce(alert);
  if (frame === 0)
    frame = requestAnimationFrame(() => {
      frame = 0;
      showAlerts();
    });
}

/** Those of a series that is deleted. @param {string} key */
export function dropAlerts(key) {
  forgetAlerts(key);
  showAlerts({ asked: true });
}

/** The series of the chart is another. @param {import('./series.js').Series | undefined} one */
export function alertsFor(one) {
  if (filterFor(one)) void attempt(readMore);
  showAlerts();
}

/** @param {Alert} alert */
function announce(alert) {
  if (Date.now() - announced < ANNOUNCE_MS) return;
  announced = Date.now();
  const said = text().announce(titleOf(alert), ruleName(alert.rule), measuredOf(alert));
  at('announce').textContent = said;
  tellOpen(said, alert);
}

/**
 * Does what a person has asked for, and says when it fails.
 * @param {() => Promise<void>} action @param {boolean} [anew] whether the list may change under the pointer
 */
async function attempt(action, anew = true) {
  at('alert-problem').hidden = true;
  try {
    await action();
  } catch {
    at('alert-problem').hidden = false;
  }
  showAlerts({ asked: anew });
}

/** @returns {Alert[]} */
function asked() {
  const filter = alertFilter();
  return knownAlerts()
    .filter((alert) => fits(alert, filter))
    .sort(byUrgency);
}

/** @param {{ anew?: boolean, asked?: boolean }} [why] `anew`: also what has not changed, after a change of language; `asked`: a person wants it so */
export function showAlerts({ anew = false, asked: now = false } = {}) {
  const wanted = asked();
  const groups = groupsOf(wanted, grouping());
  /** @type {Map<string, HTMLLIElement>} */
  const items = new Map();
  for (const { key, alerts } of groups.slice(0, limit)) {
    const open = unfolded.has(key);
    items.set(key, rowOf(key, /** @type {Alert} */ (alerts[0]), alerts.length, open, anew));
    if (!open) continue;
    for (const alert of alerts.slice(1)) {
      const item = rowOf(alert.id, alert, 1, false, anew);
      item.toggleAttribute('data-repeat', true);
      items.set(alert.id, item);
    }
  }
  place([...items.values()], now);
  for (const [key, { item, id }] of rows) {
    if (items.has(key)) continue;
    // One that waits to leave says what has become of it.
    const alert = knownAlert(id);
    if (item.isConnected && alert) rowOf(key, alert, 1, false, anew);
    else if (!item.isConnected) rows.delete(key);
  }
  showAges();
  showCounts(wanted, groups.length);
}

/** @param {string} key @param {Alert} alert @param {number} repeats @param {boolean} open @param {boolean} anew */
function rowOf(key, alert, repeats, open, anew) {
  const known = rows.get(key);
  const item = known?.item ?? document.createElement('li');
  const shown = `${alert.id} ${alert.revision} ${alert.muted} ${repeats} ${open}`;
  if (anew || known?.shown !== shown) {
    const unfold = () => {
      if (!unfolded.delete(key)) unfolded.add(key);
      showAlerts({ asked: true });
      /** @type {HTMLElement | null} */ (item.querySelector('.repeats'))?.focus();
    };
    fillRow(item, alert, { repeats, unfolded: open, acknowledge: (one) => void acknowledge(one), unfold });
    rows.set(key, { item, id: alert.id, shown });
  }
  return item;
}

/** @param {Alert[]} wanted @param {number} groups */
function showCounts(wanted, groups) {
  const open = openCount();
  at('alert-count').textContent =
    open > 0 ? text().openCount(`${number(open)}${open >= MOST_OPEN ? '+' : ''}`) : '';
  showFilter(knownAlerts());
  at('no-alerts').hidden = wanted.length > 0;
  at('no-alerts').textContent = alertFilter().state === 'open' ? text().noOpenAlerts : text().noAlerts;
  at('alerts-more').hidden = groups <= limit && !more;
  const due = wanted.filter(isDue).length;
  at('acknowledge-all').hidden = due < 2;
  at('acknowledge-all').textContent = text().acknowledgeAll(number(due));
  tellOpen();
}

/** How long the open ones last so far. */
function showAges() {
  for (const age of /** @type {Iterable<HTMLElement>} */ (list.querySelectorAll('[data-since]')))
    age.textContent = text().lasted(duration(Date.now() - Number(age.dataset.since)));
}

/** @param {Alert} alert */
function acknowledge(alert) {
  return attempt(async () => {
    noteAlert(await call('POST /api/alerts/{id}/acknowledge', { params: { id: alert.id } }));
  }, false);
}

/** Those that the question named: not one that has opened meanwhile. @param {string[]} ids */
async function acknowledgeAll(ids) {
  let done = 0;
  try {
    for (let i = 0; i < ids.length; i += BATCH) {
      const body = { ids: ids.slice(i, i + BATCH) };
      for (const alert of await call('POST /api/alerts/acknowledge', { body })) {
        noteAlert(alert);
        done++;
      }
    }
  } finally {
    at('announce').textContent = text().acknowledgedCount(number(done));
  }
}

at('acknowledge-all').addEventListener('click', async () => {
  const ids = asked()
    .filter(isDue)
    .map(({ id }) => id);
  const count = number(ids.length);
  const question = { title: text().acknowledgeAllTitle(count), text: text().acknowledgeAllText };
  if (!(await ask({ ...question, yes: text().acknowledgeAllNow(count) }))) return;
  await attempt(() => acknowledgeAll(ids));
  list.focus({ preventScroll: true });
});
at('alerts-new').addEventListener('click', () => showAlerts({ asked: true }));
at('alerts-more').addEventListener('click', () => {
  limit += PAGE;
  void attempt(readMore);
});
whenFiltered(() => {
  limit = PAGE;
  showAlerts({ asked: true });
  void attempt(readMore);
});
setInterval(showAges, AGE_MS);
