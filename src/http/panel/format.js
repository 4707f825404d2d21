/** Numbers and times as they are written where the panel is read. */

import { computed, decimalsOf, isExponential } from './precision.js';
import { currentLocale, text } from './text.js';

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {string} key @param {Intl.NumberFormatOptions} options */
function format(key, options) {
  const name = `${currentLocale()} ${key}`;
  let made = formats.get(name);
  if (!made) {
    made = new Intl.NumberFormat(currentLocale(), options);
    formats.set(name, made);
  }
  return made;
}

/** @param {number} value @param {number} decimals */
export function fixed(value, decimals) {
  // A huge or a tiny one has hundreds of digits.
  if (isExponential(value))
    return format('e', { notation: 'scientific', maximumSignificantDigits: 6 }).format(value);
  const digits = Math.min(20, decimals);
  return format(`${digits}`, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    // Half a step below zero is no less than zero.
    signDisplay: /** @type {'auto'} */ ('negative'),
  }).format(value);
}

/** A number in full, with so many decimals at least. @param {number} value @param {number} [decimals] */
export const number = (value, decimals = 0) => fixed(value, Math.max(decimals, decimalsOf(value)));

/** @param {string} written @param {string | null} unit */
const withUnit = (written, unit) => (unit ? `${written}\u00a0${unit}` : written);

/** @typedef {{ unit: string | null, decimals: number }} Measure how the numbers of a series are written */

/** A number of a series among others of it: all with the same decimals. @param {number} value @param {Measure} measure */
export const quantity = (value, { unit, decimals }) => withUnit(fixed(value, decimals), unit);

/** A number of a series by itself: in full. @param {number} value @param {Measure} measure */
export const inFull = (value, { unit, decimals }) => withUnit(number(value, decimals), unit);

/** A forecast or an average, which is not as exact as it is long. @param {number} value @param {Measure} measure */
export const about = (value, { unit, decimals }) => withUnit(fixed(value, computed(decimals)), unit);

/** @param {number} score */
export const scoreText = (score) => fixed(score, 2);

/** Time of day; with the date where that is not today. @param {number} t ms */
export function moment(t) {
  const date = new Date(t);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(currentLocale(), {
    ...(today ? {} : { dateStyle: 'medium' }),
    timeStyle: 'medium',
  });
}

/** How long something lasts, in its largest unit. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  /** @type {[string, number]} */
  const [unit, n] =
    seconds < 60
      ? ['second', seconds]
      : seconds < 3600
        ? ['minute', seconds / 60]
        : seconds < 172_800
          ? ['hour', seconds / 3600]
          : ['day', seconds / 86_400];
  return format(unit, { style: 'unit', unit, unitDisplay: 'short' }).format(Math.floor(n));
}

/** @param {number} ms */
export const ago = (ms) => text().ago(duration(ms));

/** From when to when, with the date. @param {number} from ms @param {number} to ms */
export const timeSpan = (from, to) =>
  new Intl.DateTimeFormat(currentLocale(), {
    dateStyle: 'medium',
    timeStyle: to - from < 600_000 ? 'medium' : 'short',
  }).formatRange(from, to);

/** The zone of all times of the page, such as "Europe/Madrid (GMT+1)". */
export function timeZone() {
  const format = new Intl.DateTimeFormat(currentLocale(), { timeZoneName: 'shortOffset' });
  const offset = format.formatToParts(new Date()).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const { timeZone: zone } = format.resolvedOptions();
  return zone === offset || zone === 'UTC' ? zone : `${zone} (${offset})`;
}

/** A time at the axis of a chart. @param {number} t ms @param {number} step between two of them, s */
export function tickLabel(t, step) {
  const date = new Date(t);
  const midnight = date.getHours() + date.getMinutes() + date.getSeconds() === 0;
  /** @type {Intl.DateTimeFormatOptions} */
  const options =
    step >= 86_400 || midnight
      ? { day: 'numeric', month: 'short' }
      : { timeStyle: step >= 60 ? 'short' : 'medium' };
  return date.toLocaleString(currentLocale(), options);
}
