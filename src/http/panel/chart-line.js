/** The data of one series of the chart: read for a time, and kept up with what comes. */
import { addReading, catchUp, chartOf, emptyChart, forget, withGaps } from './chart-data.js';
import { learn } from './precision.js';
import { series } from './series.js';
import { call } from './server.js';

/** @typedef {import('../panel-types.ts').Alert} Alert */

/** Readings that may come before what is shown is asked for again, perhaps as averages. */
const MOST_READINGS = 5000;
const MARKS = 1000;

export class Line {
  data = emptyChart();
  /** What is drawn of it. */
  drawn = this.data;
  /** @type {Map<string, Alert>} */
  marks = new Map();
  /** @type {readonly number[]} that raise an alert when they are passed, in the unit of the series */
  limits = [];
  loaded = false;
  /** @type {Alert[]} that came while others were on their way */
  newMarks = [];

  /** @param {string} key of its series */
  constructor(key) {
    this.key = key;
  }

  /**
   * Reads the time from `from` to `to`, ms.
   * @param {number} from @param {number} to
   * @param {{ live: boolean, still: () => boolean }} how `live`: what has come meanwhile is kept; `still`: whether the answer is wanted
   */
  async read(from, to, { live, still }) {
    const one = series.get(this.key);
    if (!one) return;
    const params = { sensor: one.sensor, metric: one.metric };
    const query = { from: Math.floor(from), to: Math.ceil(to) };
    this.newMarks = [];
    const [answer, found] = await Promise.all([
      call('GET /api/series/{sensor}/{metric}/chart', { params, query }),
      call('GET /api/alerts', { query: { ...params, ...query, limit: MARKS } }),
    ]);
    if (!still()) return;
    const read = chartOf(answer);
    if (live) catchUp(read, this.data);
    this.data = read;
    this.limits = [answer.limits.min, answer.limits.max].filter((limit) => limit !== null);
    // Averages are no readings, but extremes are.
    for (const column of read.width === null ? [read.value] : [read.low, read.high])
      for (const v of column) if (v !== null) learn(one.precision, v);
    this.marks = new Map(found.map((alert) => [alert.id, alert]));
    for (const alert of this.newMarks) this.mark(alert);
    this.loaded = true;
  }

  /** @param {import('../panel-types.ts').LiveReading} reading @returns {boolean} false: what is shown has to be read again */
  add({ t, v, expected, score }) {
    if (this.data.width !== null || this.data.t.length >= MOST_READINGS) return false;
    addReading(this.data, t, v, expected, score);
    return true;
  }

  /** @param {Alert} alert new or changed */
  mark(alert) {
    this.newMarks.push(alert);
    if (alert.state === 'retracted') this.marks.delete(alert.id);
    else this.marks.set(alert.id, alert);
  }

  /** Makes ready what is drawn. @param {number | null} from what is older may be forgotten, ms */
  prepare(from) {
    if (from !== null) forget(this.data, from);
    this.drawn = withGaps(this.data);
  }

  /** @param {readonly [number, number]} shown @returns {number[]} times of alerts, ms */
  markTimes([from, to]) {
    return [...this.marks.values()].map(({ ts }) => ts).filter((t) => t >= from && t <= to);
  }
}
