/** The list of alerts, newest first, with their acknowledgement. */

import { keyOf, series } from './sensors.js';
import { json } from './server.js';
import { about, moment, number, quantity, ruleName, text } from './text.js';

/**
 * @typedef {{ id: string, sensor: string, metric: string, rule: string, ts: number, value: number, expected: number | null,
 *   score: number | null, limit: number | null, state: 'open' | 'cleared' | 'retracted', acknowledged: boolean, revision: number }} Alert
 */

const SHOWN = 100;
const ANNOUNCE_MS = 4000;

/** @type {Map<string, Alert>} */
const alerts = new Map();
/** @type {Map<string, { item: HTMLLIElement, revision: number }>} */
const items = new Map();
let announced = 0;
let frame = 0;

const list = /** @type {HTMLElement} */ (document.getElementById('alerts'));
const announcer = /** @type {HTMLElement} */ (document.getElementById('announce'));

/** @param {string} key @returns {Alert[]} those of one series */
export const alertsOf = (key) =>
  [...alerts.values()].filter(({ sensor, metric }) => keyOf(sensor, metric) === key);

/** Reads the newest anew. */
export async function readAlerts() {
  /** @type {Alert[]} */
  const found = await json(`/api/alerts?limit=${SHOWN}`);
  alerts.clear();
  for (const alert of found) alerts.set(alert.id, alert);
  showAlerts();
}

/** @param {Alert} alert new, or a new revision */
export function takeAlert(alert) {
  const known = alerts.get(alert.id);
  if (known && known.revision > alert.revision) return;
  if (alert.state === 'retracted') alerts.delete(alert.id);
  else alerts.set(alert.id, alert);
  if (!known && alert.state === 'open') announce(alert);
  if (frame === 0)
    frame = requestAnimationFrame(() => {
      frame = 0;
      showAlerts();
    });
}

/** Those of a series that is deleted. @param {string} key */
export function dropAlerts(key) {
  for (const { id } of alertsOf(key)) alerts.delete(id);
  showAlerts();
}

/** @param {Alert} alert */
function announce(alert) {
  if (Date.now() - announced < ANNOUNCE_MS) return;
  announced = Date.now();
  announcer.textContent = text().announce(
    nameOf(alert),
    ruleName(alert.rule),
    quantity(alert.value, unitOf(alert)),
  );
}

const nameOf = (/** @type {Alert} */ { sensor, metric }) => `${sensor} · ${metric}`;
const unitOf = (/** @type {Alert} */ { sensor, metric }) => series.get(keyOf(sensor, metric))?.unit ?? null;

/** @param {boolean} [anew] also what has not changed, after a change of language */
export function showAlerts(anew = false) {
  const newest = [...alerts.values()].sort((a, b) => b.ts - a.ts);
  for (const { id } of newest.splice(SHOWN)) alerts.delete(id);
  for (const [id, { item }] of items) {
    if (alerts.has(id)) continue;
    item.remove();
    items.delete(id);
  }
  /** @type {Element | null} */
  let previous = null;
  for (const alert of newest) {
    const known = items.get(alert.id);
    const item = known?.item ?? document.createElement('li');
    if (anew || known?.revision !== alert.revision) {
      fill(item, alert);
      items.set(alert.id, { item, revision: alert.revision });
    }
    /** @type {Element | null} */
    const place = previous === null ? list.firstElementChild : previous.nextElementSibling;
    if (item !== place) list.insertBefore(item, place);
    previous = item;
  }
  const open = newest.filter(({ state }) => state === 'open').length;
  /** @type {HTMLElement} */ (document.getElementById('alert-count')).textContent =
    open > 0 ? text().openCount(number(open)) : '';
  /** @type {HTMLElement} */ (document.getElementById('no-alerts')).hidden = newest.length > 0;
}

/** @param {HTMLLIElement} item @param {Alert} alert */
function fill(item, alert) {
  const hadFocus = item.contains(document.activeElement);
  item.toggleAttribute('data-open', alert.state === 'open');
  item.dataset.id = alert.id;
  const words = document.createElement('div');
  const what = document.createElement('a');
  what.className = 'what';
  what.href = `#${keyOf(alert.sensor, alert.metric)}@${alert.ts}`;
  what.textContent = nameOf(alert);
  const tag = document.createElement('span');
  tag.className = 'tag';
  tag.toggleAttribute('data-open', alert.state === 'open');
  tag.textContent = (alert.state === 'open' ? '▲ ' : '') + text()[alert.state];
  const sub = document.createElement('p');
  sub.className = 'sub';
  const unit = unitOf(alert);
  const parts = [moment(alert.ts), ruleName(alert.rule), quantity(alert.value, unit)];
  // The limit of a silence is a time, ms.
  if (alert.limit !== null && alert.limit !== undefined)
    parts.push(
      text().limitOf(
        alert.rule === 'missing' ? quantity(alert.limit / 1000, 's') : quantity(alert.limit, unit),
      ),
    );
  else if (alert.expected !== null) parts.push(text().forecastOf(about(alert.expected, unit)));
  sub.textContent = parts.join(' · ');
  words.append(what, tag, sub);
  item.replaceChildren(words, alert.acknowledged ? doneMark() : acknowledgeButton(alert));
  if (hadFocus) what.focus();
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
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      takeAlert(await json(`/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`, { method: 'POST' }));
    } catch {
      button.disabled = false;
      announcer.textContent = text().failed;
    }
  });
  return button;
}
