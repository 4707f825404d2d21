/** What the chart shows: readings with forecast and score while there are few enough, else averages with their extremes. */
import { json } from './server.js';

/**
 * @typedef {{ t: number[], value: (number | null)[], expected: (number | null)[], low: (number | null)[], high: (number | null)[],
 *   anomaly: (number | null)[], score: (number | null)[], bucketed: boolean }} ChartData
 */

/** More readings than this are shown in buckets: a chart has fewer pixels. */
const MAX_READINGS = 4000;
const BUCKETS = 500;
const MINUTE = 60_000;
const WIDTHS = [1, 5, 15, 60, 180, 360, 1440, 10_080].map((minutes) => minutes * MINUTE);
/** Errors that the usual range comes from: 95 of 100 were smaller. */
const WINDOW = 100;
const QUANTILE = 0.95;

/** @param {string} path of the series @param {number} from @param {number} to @param {number} interval between readings, ms @returns {Promise<ChartData>} */
export async function readChart(path, from, to, interval) {
  const span = to - from;
  const range = `from=${Math.floor(from)}&to=${Math.ceil(to)}`;
  if (span / interval <= MAX_READINGS) {
    /** @type {{ t: number, v: number, expected?: number, score?: number }[]} */
    const points = await json(`${path}?${range}`);
    return readings(points);
  }
  const width =
    WIDTHS.find((candidate) => span / candidate <= BUCKETS) ?? /** @type {number} */ (WIDTHS.at(-1));
  const [average, low, high] = await Promise.all(
    ['avg', 'min', 'max'].map((agg) => json(`${path}?${range}&bucket=${width}&agg=${agg}`)),
  );
  const at = (/** @type {{ t: number, v: number }[]} */ list) => new Map(list.map(({ t, v }) => [t, v]));
  const [lows, highs] = [at(low), at(high)];
  const data = emptyChart(true);
  for (const { t, v } of average)
    push(data, t + width / 2, v, null, null, lows.get(t) ?? v, highs.get(t) ?? v);
  return data;
}

/** @param {boolean} bucketed @returns {ChartData} */
export function emptyChart(bucketed) {
  return { t: [], value: [], expected: [], low: [], high: [], anomaly: [], score: [], bucketed };
}

/** @param {ChartData} data @param {number} t @param {number} v @param {number | null} expected @param {number | null} score @param {number | null} low @param {number | null} high */
function push(data, t, v, expected, score, low, high) {
  data.t.push(t);
  data.value.push(v);
  data.expected.push(expected);
  data.score.push(score);
  data.low.push(low);
  data.high.push(high);
  data.anomaly.push(score !== null && score >= 1 ? v : null);
}

/** @param {{ t: number, v: number, expected?: number, score?: number }[]} points */
function readings(points) {
  const data = emptyChart(false);
  for (const { t, v, expected = null, score = null } of points) addReading(data, t, v, expected, score);
  return data;
}

/**
 * Adds a reading at its end; an older one than the newest is left to the next read.
 * @param {ChartData} data @param {number} t @param {number} v @param {number | null} expected @param {number | null} score
 */
export function addReading(data, t, v, expected, score) {
  if (data.bucketed || t <= (data.t.at(-1) ?? -1)) return;
  const margin = expected === null ? null : usualError(data);
  const around = (/** @type {1 | -1} */ sign) =>
    margin === null || expected === null ? null : expected + sign * margin;
  push(data, t, v, expected, score, around(-1), around(1));
}

/** @param {ChartData} data the readings so far @returns {number | null} null while there are too few */
function usualError(data) {
  const errors = [];
  for (let i = data.t.length - 1; i >= 0 && errors.length < WINDOW; i--) {
    const [v, expected, score] = [data.value[i], data.expected[i], data.score[i]];
    if (typeof v !== 'number' || typeof expected !== 'number' || (score ?? 0) >= 1) continue;
    errors.push(Math.abs(v - expected));
  }
  if (errors.length < 10) return null;
  errors.sort((a, b) => a - b);
  return /** @type {number} */ (errors[Math.floor(QUANTILE * (errors.length - 1))]);
}

/** Forgets what is older. @param {ChartData} data @param {number} before */
export function forget(data, before) {
  let n = 0;
  while (n < data.t.length && /** @type {number} */ (data.t[n]) < before) n++;
  if (n === 0) return;
  for (const column of [data.t, data.value, data.expected, data.low, data.high, data.anomaly, data.score])
    column.splice(0, n);
}
