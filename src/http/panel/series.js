/** What is known of every series: its newest value, its state, and its newest points where a sparkline wants them. */
import { decimalsFor, learn, unknownPrecision } from './precision.js';
import { call } from './server.js';

/**
 * @typedef {{ t: number, v: number, score: number | null }} Point
 * @typedef {import('../panel-types.ts').ListedSeries} ListedSeries
 * @typedef {ListedSeries & { key: string, points: Point[] | null, precision: import('./precision.js').Precision }} Series
 */

/** Of a sparkline. */
const POINTS = 60;
const BATCH = 100;

/** @type {Map<string, Series>} */
export const series = new Map();

const ignored = () => {};
/** @type {{ changed: (key: string) => void, regrouped: (atOnce?: boolean) => void, gone: (key: string) => void, units: () => void }} */
let told = { changed: ignored, regrouped: ignored, gone: ignored, units: ignored };

/**
 * @param {typeof told} listener `changed`: what a row shows is another; `regrouped`: there are others, or one has another
 *   state; `gone`: one is no more; `units`: units have become known
 */
export function listenToSeries(listener) {
  told = listener;
}

/** @param {string} sensor @param {string} metric @returns {string} as the server writes it in ids and keys */
export const keyOf = (sensor, metric) => `${encode(sensor)}/${encode(metric)}`;

/** @param {string} name */
function encode(name) {
  return encodeURIComponent(name).replace(
    /[!'()*~]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What people call a series, else its sensor and metric. @param {{ sensor: string, metric: string }} one */
export const titleOf = ({ sensor, metric }) =>
  series.get(keyOf(sensor, metric))?.name ?? `${sensor} · ${metric}`;

/** How the numbers of a series are written. @param {Series | undefined} one @returns {import('./format.js').Measure} */
export const measureOf = (one) => ({
  unit: one?.unit ?? null,
  decimals: one ? decimalsFor(one.precision) : 0,
});

/** Reads all series anew. */
export async function readSeries() {
  const found = await call('GET /api/series');
  const keys = new Set();
  let relabelled = false;
  for (const { sensor, metric, name, unit, last, state } of found) {
    const key = keyOf(sensor, metric);
    keys.add(key);
    const before = series.get(key);
    relabelled ||= before !== undefined && (before.name !== name || before.unit !== unit);
    const precision = before?.precision ?? unknownPrecision();
    if (last) learn(precision, last.v);
    // What was shown before a break has a gap now.
    series.set(key, { key, sensor, metric, name, unit, last, state, points: null, precision });
    told.changed(key);
  }
  for (const key of [...series.keys()]) if (!keys.has(key)) dropSeries(key);
  told.regrouped(true);
  if (relabelled) told.units();
}

/** @param {import('../panel-types.ts').LiveReading} reading */
export function takeReading({ sensor, metric, t, v, score, state }) {
  const one = series.get(keyOf(sensor, metric)) ?? begin(sensor, metric);
  if (state !== undefined && state !== one.state) {
    one.state = state;
    told.regrouped();
  }
  learn(one.precision, v);
  if (!one.last || t >= one.last.t) one.last = { t, v };
  if (one.points) insert(one.points, { t, v, score });
  told.changed(one.key);
}

/** A series that is new here. @param {string} sensor @param {string} metric @returns {Series} */
function begin(sensor, metric) {
  const key = keyOf(sensor, metric);
  const alike = [...series.values()].find((other) => other.metric === metric);
  const unit = alike?.unit ?? null;
  const precision = unknownPrecision();
  /** @type {Series} */
  const one = { key, sensor, metric, name: null, unit, last: null, state: 'warmup', points: null, precision };
  series.set(key, one);
  if (!alike) void readUnits();
  told.regrouped();
  return one;
}

/** At its time; one of the same time is replaced. @param {Point[]} points @param {Point} point */
function insert(points, point) {
  let at = points.length;
  while (at > 0 && /** @type {Point} */ (points[at - 1]).t > point.t) at--;
  if (points[at - 1]?.t === point.t) at--;
  points.splice(at, points[at]?.t === point.t ? 1 : 0, point);
  if (points.length > POINTS) points.splice(0, points.length - POINTS);
}

/** A state that has changed without a reading. @param {string} key @param {ListedSeries['state']} state */
export function takeState(key, state) {
  const one = series.get(key);
  if (!one || one.state === state) return;
  one.state = state;
  told.regrouped();
  told.changed(key);
}

/** Forgets a series that is deleted. @param {string} key */
export function dropSeries(key) {
  series.delete(key);
  told.gone(key);
  told.regrouped();
}

/** Of metrics that have just appeared: readings come without. */
async function readUnits() {
  try {
    const found = await call('GET /api/series');
    for (const { sensor, metric, unit } of found) {
      const one = series.get(keyOf(sensor, metric));
      if (!one || one.unit === unit) continue;
      one.unit = unit;
      told.changed(one.key);
    }
    told.units();
  } catch {
    // The next connection reads everything again.
  }
}

let fetching = false;
/**
 * Reads the newest points of series, many in one request, until no series is wanted any more.
 * @param {Set<string>} wanted keys; each is taken out when its points are there
 */
export async function readPoints(wanted) {
  if (fetching) return;
  fetching = true;
  try {
    while (wanted.size > 0) {
      const keys = [...wanted].slice(0, BATCH);
      takePoints(await call('GET /api/recent', { query: { points: POINTS, series: keys.join(',') } }));
      for (const key of keys) wanted.delete(key);
    }
  } catch {
    // The next connection reads everything again.
  } finally {
    fetching = false;
  }
}

/** @param {import('../panel-types.ts').Recent} answer */
function takePoints(answer) {
  for (const { sensor, metric, points } of answer) {
    const one = series.get(keyOf(sensor, metric));
    if (!one) continue;
    one.points = points.map(([t, v, score]) => ({ t, v, score }));
    for (const { v } of one.points) learn(one.precision, v);
    told.changed(one.key);
  }
}
