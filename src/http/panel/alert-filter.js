/** Which of the alerts are asked for, and what belongs together of them. */

import { titleOf } from './series.js';

/**
 * @typedef {import('../panel-types.ts').Alert} Alert
 * @typedef {{ sensor: string, metric: string }} SeriesId
 * @typedef {{ state: 'open' | 'cleared' | 'all', rule: string, severity: string, text: string, series: SeriesId | null,
 *   from: number | null, to: number | null }} Filter `''` and null ask for nothing special; times in ms
 * @typedef {{ key: string, alerts: Alert[] }} Group newest first
 */

/** @param {Alert} alert */
export const isOpen = ({ state }) => state === 'open';

/** @param {Alert} alert whether somebody is still to look at it; one that is over needs nobody */
export const isDue = (alert) => isOpen(alert) && !alert.acknowledged;

/** @param {Alert} alert @param {Filter} filter */
export function fits(alert, { state, rule, severity, text, series, from, to }) {
  const { sensor, metric } = alert;
  return (
    (state === 'all' || alert.state === state) &&
    (rule === '' || alert.rule === rule) &&
    (severity === '' || alert.severity === severity) &&
    (series === null || (sensor === series.sensor && metric === series.metric)) &&
    alert.ts >= (from ?? 0) &&
    alert.ts <= (to ?? Infinity) &&
    (text === '' ||
      `${titleOf(alert)} ${sensor} ${metric}`.toLocaleLowerCase().includes(text.toLocaleLowerCase()))
  );
}

/** What a person has to look at comes first, then what is open, then what is over; the newest first. @param {Alert} a @param {Alert} b */
export const byUrgency = (a, b) =>
  Number(isDue(b)) - Number(isDue(a)) || Number(isOpen(b)) - Number(isOpen(a)) || b.ts - a.ts;

/**
 * The repeats of one rule on one series, in the order of the first of each.
 * @param {Alert[]} alerts @param {boolean} together false: every alert by itself @returns {Group[]}
 */
export function groupsOf(alerts, together) {
  if (!together) return alerts.map((alert) => ({ key: alert.id, alerts: [alert] }));
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const alert of alerts) {
    const key = alert.id.slice(0, alert.id.lastIndexOf('/'));
    const group = groups.get(key);
    if (group) group.alerts.push(alert);
    else groups.set(key, { key, alerts: [alert] });
  }
  return [...groups.values()];
}

/** As the server is asked for them. @param {Filter} filter @param {number} limit */
export const queryOf = ({ state, rule, series, from, to }, limit) => ({
  limit,
  ...(state !== 'all' && { state }),
  ...(rule !== '' && { rule }),
  ...(series && { sensor: series.sensor, metric: series.metric }),
  ...(from !== null && { from: Math.floor(from) }),
  ...(to !== null && { to: Math.ceil(to) }),
});
