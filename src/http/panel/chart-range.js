/** Which time is chosen: the buttons, and how an address names it. */
import { momentOf } from './address.js';
import { timeSpan, timeZone } from './format.js';
import { at } from './page.js';
import { text } from './text.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** As shown, as an address names it, and ms. @type {[string, string, number][]} */
const RANGES = [
  ['5 min', '5m', 5 * MINUTE],
  ['15 min', '15m', 15 * MINUTE],
  ['1 h', '1h', HOUR],
  ['6 h', '6h', 6 * HOUR],
  ['1 d', '1d', DAY],
  ['7 d', '7d', 7 * DAY],
  ['30 d', '30d', 30 * DAY],
  ['1 y', '1y', 365 * DAY],
];
/** What is shown where nothing is said, ms. */
export const DEFAULT_SPAN = 15 * MINUTE;

const ranges = at('ranges');

/** @param {number} span ms @returns {string | null} null: it goes without saying */
export function nameOfSpan(span) {
  if (span === DEFAULT_SPAN) return null;
  return RANGES.find(([, , width]) => width === span)?.[1] ?? `${Math.round(span / 1000)}s`;
}

/** @param {string | null} name @returns {number} ms */
function spanOf(name) {
  const seconds = Number(/^(\d{1,10})s$/.exec(name ?? '')?.[1]);
  return RANGES.find(([, short]) => short === name)?.[2] ?? (seconds > 0 ? seconds * 1000 : DEFAULT_SPAN);
}

/** @param {URLSearchParams} query of an address @returns {{ time: [number, number] | null, span: number }} */
export function timeOf(query) {
  const [from, to] = [momentOf(query.get('from')), momentOf(query.get('to'))];
  const time =
    from !== null && to !== null && from < to ? /** @type {[number, number]} */ ([from, to]) : null;
  return { time, span: time ? time[1] - time[0] : spanOf(query.get('last')) };
}

/** Shows which time it is. @param {[number, number]} shown @param {boolean} past */
export function showRange([from, to], past) {
  for (const [i, [label, , width]] of RANGES.entries()) {
    const button = /** @type {Element} */ (ranges.children[i]);
    button.textContent = label === '1 y' ? text().year : label;
    button.setAttribute('aria-pressed', String(Math.abs(to - from - width) < width / 100));
  }
  at('follow').hidden = !past;
  at('later').setAttribute('aria-disabled', String(!past));
  at('time-shown').textContent = past ? timeSpan(from, to) : '';
  at('zone').textContent = text().zone(timeZone());
}

/**
 * @param {{ shown: () => [number, number], span: (span: number) => void, time: (time: [number, number]) => void }} chart
 *   told what a person chooses
 */
export function choosable({ shown, span, time }) {
  for (const [label, , width] of RANGES) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.addEventListener('click', () => span(width));
    ranges.append(button);
  }
  at('choose-period').addEventListener('click', async () => {
    (await import('./chart-period.js')).choosePeriod(shown(), time);
  });
}
