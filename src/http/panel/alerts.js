/** The list of alerts, the open ones first, and their acknowledgement, one by one or all that are listed. */

import { about, duration, inFull, moment, number } from './format.js';
import { at, order } from './page.js';
import { keyOf, measureOf, series } from './series.js';
import { call } from './server.js';
import { ruleName, text } from './text.js';

/** @typedef {import('../panel-types.ts').Alert} Alert */

/** Open ones are all read, as far as the server gives them; of the others the newest, and more when asked for. */
const MOST_OPEN = 10_000;
const PAGE = 100;
/** Others that are kept while the page is open. */
const MOST_OTHERS = 2_000;
/** Acknowledged in one request. */
const BATCH = 500;
const ANNOUNCE_MS = 4000;
const AGE_MS = 5000;

/** @type {Map<string, Alert>} */
const alerts = new Map();
/** @type {Map<string, { item: HTMLLIElement, revision: number }>} */
const items = new Map();
/** The series of the chart, and whether only its alerts are listed. */
let chosen = '';
let only = false;
let shown = PAGE;
/** Whether the server may have more than it was asked for. */
let more = false;
let announced = 0;
let frame = 0;

const list = at('alerts');

const keyOfAlert = (/** @type {Alert} */ { sensor, metric }) => keyOf(sensor, metric);
const nameOf = (/** @type {{ sensor: string, metric: string }} */ { sensor, metric }) =>
  `${sensor} · ${metric}`;
const measure = (/** @type {Alert} */ alert) => measureOf(series.get(keyOfAlert(alert)));
const isOpen = (/** @type {Alert} */ { state }) => state === 'open';
const byTime = (/** @type {Alert} */ a, /** @type {Alert} */ b) => b.ts - a.ts;

/** @param {boolean} [anew] forgets what was known before, after a break */
export async function readAlerts(anew = false) {
  const one = only ? series.get(chosen) : undefined;
  const query = {
    ...(one && { sensor: one.sensor, metric: one.metric }),
    limit: Math.min(MOST_OPEN, shown),
  };
  const [open, newest] = await Promise.all([
    call('GET /api/alerts', { query: { state: 'open', limit: MOST_OPEN } }),
    call('GET /api/alerts', { query }),
  ]);
  if (anew) alerts.clear();
  for (const alert of [...newest, ...open]) {
    const known = alerts.get(alert.id);
    if (!known || known.revision <= alert.revision) alerts.set(alert.id, alert);
  }
  more = newest.length >= shown && shown < MOST_OPEN;
  showAlerts();
}

/** @param {Alert} alert new, or a new revision */
export function takeAlert(alert) {
  const known = alerts.get(alert.id);
  if (known && known.revision > alert.revision) return;
  if (alert.state === 'retracted') alerts.delete(alert.id);
  else alerts.set(alert.id, alert);
  if (!known && isOpen(alert)) announce(alert);
  if (frame === 0)
    frame = requestAnimationFrame(() => {
      frame = 0;
      showAlerts();
    });
}

/** Those of a series that is deleted. @param {string} key */
export function dropAlerts(key) {
  for (const alert of alerts.values()) if (keyOfAlert(alert) === key) alerts.delete(alert.id);
  showAlerts();
}

/** The series of the chart is another. @param {string} key */
export function alertsFor(key) {
  if (key === chosen) return;
  chosen = key;
  if (key === '') only = false;
  showAlerts();
  if (only) void attempt(readAlerts);
}

/** @param {Alert} alert */
function announce(alert) {
  if (Date.now() - announced < ANNOUNCE_MS) return;
  announced = Date.now();
  at('announce').textContent = text().announce(
    nameOf(alert),
    ruleName(alert.rule),
    inFull(alert.value, measure(alert)),
  );
}

/** Does what a person has asked for, and says when it fails. @param {() => Promise<void>} action */
async function attempt(action) {
  at('alert-problem').hidden = true;
  try {
    await action();
  } catch {
    at('alert-problem').hidden = false;
  }
}

/** @returns {Alert[]} what is listed, the open ones first */
function listed() {
  const wanted = [...alerts.values()].filter((alert) => !only || keyOfAlert(alert) === chosen).sort(byTime);
  return [...wanted.filter(isOpen), ...wanted.filter((alert) => !isOpen(alert))];
}

const unseen = () => listed().filter(({ acknowledged }) => !acknowledged);

/** @param {boolean} [anew] also what has not changed, after a change of language */
export function showAlerts(anew = false) {
  const others = [...alerts.values()].filter((alert) => !isOpen(alert)).sort(byTime);
  for (const { id } of others.slice(MOST_OTHERS)) alerts.delete(id);
  const all = listed();
  const visible = all.slice(0, shown);
  const ids = new Set(visible.map(({ id }) => id));
  const focused = /** @type {HTMLElement | null} */ (
    list.contains(document.activeElement) ? document.activeElement : null
  );
  for (const [id, { item }] of items) {
    if (ids.has(id)) continue;
    item.remove();
    items.delete(id);
  }
  const ordered = visible.map((alert) => {
    const known = items.get(alert.id);
    const item = known?.item ?? document.createElement('li');
    if (anew || known?.revision !== alert.revision) {
      fill(item, alert);
      items.set(alert.id, { item, revision: alert.revision });
    }
    return item;
  });
  order(list, ordered);
  // What is moved loses it.
  if (focused?.isConnected) focused.focus({ preventScroll: true });
  showAges();
  const open = [...alerts.values()].filter(isOpen).length;
  at('alert-count').textContent =
    open > 0 ? text().openCount(`${number(open)}${open >= MOST_OPEN ? '+' : ''}`) : '';
  at('no-alerts').hidden = all.length > 0;
  at('alerts-more').hidden = all.length <= shown && !more;
  const one = series.get(chosen);
  const filter = at('alerts-only');
  filter.hidden = one === undefined;
  filter.textContent = one ? text().onlyOf(nameOf(one)) : '';
  filter.setAttribute('aria-pressed', String(only));
  const count = unseen().length;
  at('acknowledge-all').hidden = count < 2;
  at('acknowledge-all').textContent = text().acknowledgeAll(number(count));
}

/** @param {HTMLLIElement} item @param {Alert} alert */
function fill(item, alert) {
  const hadFocus = item.contains(document.activeElement);
  item.toggleAttribute('data-open', isOpen(alert));
  item.dataset.id = alert.id;
  const words = document.createElement('div');
  const what = document.createElement('a');
  what.className = 'what';
  what.href = `#${keyOfAlert(alert)}@${alert.ts}`;
  what.textContent = nameOf(alert);
  const tag = document.createElement('span');
  tag.className = 'tag';
  tag.toggleAttribute('data-open', isOpen(alert));
  tag.textContent = (isOpen(alert) ? '▲ ' : '') + text()[alert.state];
  const lasted = document.createElement('span');
  lasted.className = 'tag lasted';
  if (isOpen(alert)) lasted.dataset.since = String(alert.ts);
  else if (alert.clearedTs !== null) lasted.textContent = text().lasted(duration(alert.clearedTs - alert.ts));
  const sub = document.createElement('p');
  sub.className = 'sub';
  const written = measure(alert);
  const parts = [moment(alert.ts), ruleName(alert.rule), inFull(alert.value, written)];
  // The limit of a silence is a time, ms.
  if (alert.limit !== null)
    parts.push(
      text().limitOf(
        alert.rule === 'missing'
          ? inFull(alert.limit / 1000, { unit: 's', decimals: 0 })
          : inFull(alert.limit, written),
      ),
    );
  else if (alert.expected !== null) parts.push(text().forecastOf(about(alert.expected, written)));
  sub.textContent = parts.join(' · ');
  words.append(what, tag, lasted, sub);
  item.replaceChildren(words, alert.acknowledged ? doneMark() : acknowledgeButton(alert));
  if (hadFocus) what.focus();
}

/** How long the open ones last so far. */
function showAges() {
  for (const age of /** @type {Iterable<HTMLElement>} */ (list.querySelectorAll('[data-since]')))
    age.textContent = text().lasted(duration(Date.now() - Number(age.dataset.since)));
}

function doneMark() {
  const done = document.createElement('span');
  done.className = 'done';
  done.textContent = `✓ ${text().acknowledged}`;
  return done;
}

/** @param {Alert} alert */
function acknowledgeButton(alert) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text().acknowledge;
  button.setAttribute('aria-label', text().ackOf(`${nameOf(alert)}, ${moment(alert.ts)}`));
  // Not disabled meanwhile: that would take the focus away. A second time does no harm.
  button.addEventListener('click', () =>
    attempt(async () => {
      takeAlert(await call('POST /api/alerts/{id}/acknowledge', { params: { id: alert.id } }));
    }),
  );
  return button;
}

const all = /** @type {HTMLButtonElement} */ (at('acknowledge-all'));
all.addEventListener('click', async () => {
  all.disabled = true;
  await attempt(async () => {
    const ids = unseen().map(({ id }) => id);
    for (let i = 0; i < ids.length; i += BATCH) {
      const body = { ids: ids.slice(i, i + BATCH) };
      for (const alert of await call('POST /api/alerts/acknowledge', { body })) takeAlert(alert);
    }
  });
  all.disabled = false;
  list.focus({ preventScroll: true });
});
at('alerts-only').addEventListener('click', () => {
  only = !only;
  shown = PAGE;
  showAlerts();
  void attempt(readAlerts);
});
at('alerts-more').addEventListener('click', () => {
  shown += PAGE;
  void attempt(readAlerts);
});
setInterval(showAges, AGE_MS);
