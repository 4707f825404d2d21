/** Which time the chart shows: as [from, to] in ms. */

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const LEAST = 2 * SECOND;
const MOST = 3650 * DAY;

/** @typedef {[number, number]} Time */

/** The last `span` ms. @param {number} span @param {number | null} last time of the newest reading @param {number} now @returns {Time} */
export function newest(span, last, now) {
  const end = endOf(span, last, now);
  return [end - span, end];
}

/** @param {number} span @param {number | null} last @param {number} now */
function endOf(span, last, now) {
  // Recorded data ends in the past, a sensor's clock may be ahead.
  return last !== null && (last > now || now - last > span) ? last : now;
}

/** Earlier (negative) or later by a part of what is shown. @param {Time} shown @param {number} part @returns {Time} */
export function moved([from, to], part) {
  const by = (to - from) * part;
  return [from + by, to + by];
}

/** As much time as wanted around the middle of what is shown. @param {Time} shown @param {number} span @returns {Time} */
export function resized([from, to], span) {
  const middle = (from + to) / 2;
  return [middle - span / 2, middle + span / 2];
}

/** Mostly what led to a moment, and a little of what came of it. @param {number} moment @param {number} span @returns {Time} */
export const around = (moment, span) => [moment - 0.7 * span, moment + 0.3 * span];

/**
 * What a person has asked for, as far as there can be anything.
 * @param {Time} time @param {number | null} last @param {number} now
 * @returns {{ time: Time | null, span: number }} null: it reaches the newest readings, and follows them from now on
 */
export function settled([from, to], last, now) {
  const span = Math.min(MOST, Math.max(LEAST, to - from));
  const [start, end] = resized([from, to], span);
  if (end >= endOf(span, last, now)) return { time: null, span };
  return { time: start < 0 ? [0, span] : [start, end], span };
}
