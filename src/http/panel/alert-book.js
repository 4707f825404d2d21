/** The alerts that are known here: all that are open, and of the others those that were asked for. */
import { isOpen, queryOf } from './alert-filter.js';
import { keyOf } from './series.js';
import { call } from './server.js';

/** @typedef {import('./alert-filter.js').Alert} Alert */

/** Open ones are all read, as far as the server gives them. */
export const MOST_OPEN = 10_000;
/** Of the others so many are kept while the page is open. */
const MOST_OTHERS = 2_000;

/** @type {Map<string, Alert>} */
const alerts = new Map();

/** @returns {Alert[]} */
export const knownAlerts = () => [...alerts.values()];

/** @param {string} id */
export const knownAlert = (id) => alerts.get(id);

export const openCount = () => knownAlerts().filter(isOpen).length;

/** @param {Alert} alert */
export const seriesOf = ({ sensor, metric }) => keyOf(sensor, metric);

/** Takes an alert in, new or a new revision. @param {Alert} alert @returns {boolean} whether it is one that has just opened */
export function noteAlert(alert) {
  const known = alerts.get(alert.id);
  if (known && known.revision > alert.revision) return false;
  if (alert.state === 'retracted') alerts.delete(alert.id);
  else alerts.set(alert.id, alert);
  return !known && isOpen(alert);
}

/** Forgets those of a series that is deleted. @param {string} key */
export function forgetAlerts(key) {
  for (const alert of alerts.values()) if (seriesOf(alert) === key) alerts.delete(alert.id);
}

/** Reads the open ones. @param {boolean} anew forgets what was known before, after a break */
export async function readOpen(anew) {
  const open = await call('GET /api/alerts', { query: { state: 'open', limit: MOST_OPEN } });
  if (anew) alerts.clear();
  for (const alert of open) noteAlert(alert);
}

/** Reads those that are asked for. @param {import('./alert-filter.js').Filter} filter @param {number} limit @returns {Promise<boolean>} whether the server has more */
export async function readAsked(filter, limit) {
  const most = Math.min(MOST_OPEN, limit);
  const found = await call('GET /api/alerts', { query: queryOf(filter, most) });
  const others = knownAlerts()
    .filter((alert) => !isOpen(alert))
    .sort((a, b) => b.ts - a.ts);
  for (const { id } of others.slice(MOST_OTHERS)) alerts.delete(id);
  for (const alert of found) noteAlert(alert);
  return found.length >= most && most < MOST_OPEN;
}
