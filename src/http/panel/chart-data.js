/** What the chart draws, column by column: readings with their forecast and its usual error, or averages with their extremes. */

/**
 * @typedef {{ t: number[], value: (number | null)[], expected: (number | null)[], low: (number | null)[], high: (number | null)[],
 *   anomaly: (number | null)[], score: (number | null)[], width: number | null }} ChartData `width` of a bucket, ms; null: readings
 */

/** Readings kept from before the time shown: the usual error comes from the last so many. */
const LEAD = 100;
/** 95 of 100 errors were smaller. */
const QUANTILE = 0.95;
/** So many usual intervals without a reading are a gap in the line. */
export const GAP = 5;
/** Intervals before one can say what is usual. */
const KNOWN = 10;

const COLUMNS = /** @type {const} */ (['t', 'value', 'expected', 'score', 'low', 'high', 'anomaly']);

/** @param {number | null} [width] @returns {ChartData} */
export const emptyChart = (width = null) => ({
  .../** @type {any} */ (Object.fromEntries(COLUMNS.map((name) => [name, []]))),
  width,
});

/** @param {Pick<import('../panel-types.ts').Chart, 'width' | 'points'>} answer of the server */
export function chartOf({ width, points }) {
  const data = emptyChart(width);
  for (const [t, v, a, b] of points) {
    if (width === null) addReading(data, t, v, a, b);
    else push(data, [t, v, null, null, a, b]);
  }
  return data;
}

/** @param {ChartData} data @param {(number | null)[]} row without the anomaly, which follows from the score */
function push(data, row) {
  const [, v = null, , score = null] = row;
  const whole = [...row, score !== null && score >= 1 ? v : null];
  COLUMNS.forEach((name, i) => {
    data[name].push(/** @type {number} */ (whole[i]));
  });
}

/**
 * Adds a reading at its end; an older one than the newest is left to the next read.
 * @param {ChartData} data @param {number} t @param {number} v @param {number | null} expected @param {number | null} score
 */
export function addReading(data, t, v, expected, score) {
  if (data.width !== null || t <= (data.t.at(-1) ?? -1)) return;
  const margin = expected === null ? null : usualError(data);
  const around = (/** @type {1 | -1} */ sign) =>
    margin === null || expected === null ? null : expected + sign * margin;
  push(data, [t, v, expected, score, around(-1), around(1)]);
}

/** Adds what has come since `read` was asked for; averages and readings do not mix. @param {ChartData} read @param {ChartData} live */
export function catchUp(read, live) {
  if (read.width !== null || live.width !== null) return;
  live.t.forEach((t, i) => {
    const v = /** @type {number} */ (live.value[i]);
    addReading(read, t, v, live.expected[i] ?? null, live.score[i] ?? null);
  });
}

/** @param {ChartData} data the readings so far @returns {number | null} null while there are too few */
function usualError(data) {
  const errors = [];
  for (let i = data.t.length - 1; i >= 0 && errors.length < LEAD; i--) {
    const [v, expected, score] = [data.value[i], data.expected[i], data.score[i]];
    if (typeof v !== 'number' || typeof expected !== 'number' || (score ?? 0) >= 1) continue;
    errors.push(Math.abs(v - expected));
  }
  if (errors.length < KNOWN) return null;
  errors.sort((a, b) => a - b);
  return /** @type {number} */ (errors[Math.floor(QUANTILE * (errors.length - 1))]);
}

/** Forgets what is older, but for the last few. @param {ChartData} data @param {number} before */
export function forget(data, before) {
  const n = firstFrom(data, before) - LEAD;
  if (n <= 0) return;
  for (const name of COLUMNS) data[name].splice(0, n);
}

/** @param {ChartData} data @param {number} from @returns {number} the index of the first point from then on */
export function firstFrom(data, from) {
  const i = data.t.findIndex((t) => t >= from);
  return i < 0 ? data.t.length : i;
}

/** What 9 of 10 intervals do not exceed, ms; null while there are too few. @param {{ t: number[] }} data */
export function usualInterval({ t }) {
  if (t.length <= KNOWN) return null;
  const intervals = t.slice(1).map((time, i) => time - /** @type {number} */ (t[i]));
  intervals.sort((a, b) => a - b);
  return /** @type {number} */ (intervals[Math.floor(0.9 * (intervals.length - 1))]);
}

/** The same with an empty point in every gap, so that no line is drawn over it. @param {ChartData} data @returns {ChartData} */
export function withGaps(data) {
  const usual = usualInterval(data);
  const drawn = emptyChart(data.width);
  data.t.forEach((t, i) => {
    const before = data.t[i - 1] ?? t;
    if (usual !== null && t - before > GAP * usual) push(drawn, [before + 1, null, null, null, null, null]);
    for (const name of COLUMNS) drawn[name].push(/** @type {number} */ (data[name][i]));
  });
  return drawn;
}
