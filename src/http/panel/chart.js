/** The chart of the chosen series: which time it shows, and what is read and drawn of it. */

import {
  addReading,
  catchUp,
  chartOf,
  emptyChart,
  firstFrom,
  forget,
  usualInterval,
  withGaps,
} from './chart-data.js';
import { makePlot } from './chart-plot.js';
import { fillTable, pointText, summaryText } from './chart-text.js';
import { touchable } from './chart-touch.js';
import { around, moved, newest, resized, settled } from './chart-window.js';
import { choose } from './device-list.js';
import { ago, quantity, timeSpan, timeZone } from './format.js';
import { at } from './page.js';
import { learn } from './precision.js';
import { measureOf, series } from './series.js';
import { offer } from './series-file.js';
import { call } from './server.js';
import { stateName, text } from './text.js';

/** @typedef {import('../panel-types.ts').Alert} Alert */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** @type {[string, number][]} */
const RANGES = [
  ['5 min', 5 * MINUTE],
  ['15 min', 15 * MINUTE],
  ['1 h', HOUR],
  ['6 h', 6 * HOUR],
  ['1 d', DAY],
  ['7 d', 7 * DAY],
  ['30 d', 30 * DAY],
  ['1 y', 365 * DAY],
];
const MOMENT = 15 * MINUTE;
/** Around a moment so many usual intervals are shown at least. */
const MOMENT_READINGS = 60;
/** Readings that may come before what is shown is asked for again, perhaps as averages. */
const MOST_READINGS = 5000;
/** A younger value goes without saying. */
const OLD = 10 * SECOND;
const MARKS = 1000;

const plot = at('plot');
const ranges = at('ranges');

let key = '';
let span = 15 * MINUTE;
/** @type {[number, number] | null} a time that was chosen; null follows the newest readings */
let past = null;
/** @type {number | null} the moment that the address names, until it is shown with enough around it */
let wanted = null;
let data = emptyChart();
/** What is drawn of it. */
let drawn = data;
/** @type {Map<string, Alert>} */
let marks = new Map();
/** @type {Alert[]} that came while others were on their way */
let newMarks = [];
/** @type {uPlot | null} */
let chart = null;
/** @type {string | null} */
let chartUnit = null;
/** @type {'loading' | 'loaded' | 'failed'} */
let state = 'loading';
let generation = 0;
let frame = 0;
let loading = 0;
let spoken = 0;

const last = () => series.get(key)?.last?.t ?? null;

/** @returns {[number, number]} ms */
const shown = () => past ?? newest(span, last(), Date.now());

/**
 * Shows a series; the empty key none.
 * @param {string} chosen @param {number | null} [moment] to be shown, ms; null follows the newest readings
 */
export function showSeries(chosen, moment = null) {
  if (chosen !== key) {
    key = chosen;
    data = emptyChart();
    marks.clear();
    state = 'loading';
    spoken = 0;
  }
  choose(key);
  offer(series.get(key));
  wanted = moment;
  past = null;
  if (moment !== null) settle(around(moment, MOMENT));
  draw();
  void reload();
}

export const chosenKey = () => key;

/** @param {[number, number]} time */
function settle(time) {
  const { time: settledTime, span: width } = settled(time, last(), Date.now());
  past = settledTime;
  if (past === null) span = width;
}

/** Shows another time, as a person wants it. @param {[number, number] | null} time null follows the newest readings */
function go(time) {
  past = null;
  if (time) settle(time);
  wanted = null;
  spoken = 0;
  if (location.hash.includes('@')) history.replaceState(null, '', `#${key}`);
  draw();
  void reload();
}

/** Reads the data of the time shown. */
export async function reload() {
  const mine = ++generation;
  const one = series.get(key);
  describe();
  if (!one) {
    draw();
    return;
  }
  const [from, end] = shown();
  const to = past ? end : Math.max(end, Date.now());
  const { sensor, metric } = one;
  newMarks = [];
  try {
    const start = Math.floor(from);
    const [answer, found] = await Promise.all([
      call('GET /api/series/{sensor}/{metric}/chart', {
        params: { sensor, metric },
        query: { from: start, to: Math.ceil(to) },
      }),
      call('GET /api/alerts', { query: { sensor, metric, from: start, to: Math.ceil(to), limit: MARKS } }),
    ]);
    if (mine !== generation) return;
    const read = chartOf(answer);
    if (!past) catchUp(read, data);
    data = read;
    learnFrom(one, read);
    marks = new Map(found.map((alert) => [alert.id, alert]));
    for (const alert of newMarks) takeMark(alert);
    state = 'loaded';
    spoken = 0;
  } catch {
    if (mine !== generation) return;
    state = 'failed';
  }
  const least = wanted === null ? 0 : Math.min(30 * DAY, MOMENT_READINGS * (usualInterval(data) ?? 0));
  if (wanted !== null && data.width === null && least > MOMENT) {
    settle(around(wanted, least));
    wanted = null;
    await reload();
  } else draw();
}

/** Averages are no readings, but extremes are. @param {import('./series.js').Series} one @param {typeof data} read */
function learnFrom({ precision }, { width, value, low, high }) {
  for (const column of width === null ? [value] : [low, high])
    for (const v of column) if (v !== null) learn(precision, v);
}

/** @param {import('../panel-types.ts').LiveReading} reading of the chosen series */
export function takeChartReading({ t, v, expected, score }) {
  if (!past) {
    if (data.width === null && data.t.length < MOST_READINGS) addReading(data, t, v, expected, score);
    else if (loading === 0)
      loading = window.setTimeout(
        () => {
          loading = 0;
          void reload();
        },
        Math.min(15 * SECOND, Math.max(3 * SECOND, data.width ?? 0)),
      );
  }
  drawSoon();
}

/** @param {Alert} alert of the chosen series, new or changed */
export function takeMark(alert) {
  newMarks.push(alert);
  if (alert.state === 'retracted') marks.delete(alert.id);
  else marks.set(alert.id, alert);
  drawSoon();
}

function drawSoon() {
  if (frame === 0)
    frame = requestAnimationFrame(() => {
      frame = 0;
      describe();
      draw();
    });
}

/** Draws what is there. */
function draw() {
  const one = series.get(key);
  const time = shown();
  if (!past) forget(data, time[0]);
  drawn = withGaps(data);
  const [first, end] = inView();
  const some = one !== undefined && end > first;
  for (const id of ['table', 'readout']) at(id).hidden = !some;
  for (const id of ['legend', 'ranges', 'moves']) at(id).hidden = !one;
  at('no-chart').hidden = some || (one !== undefined && state !== 'loaded');
  at('no-chart').textContent = one ? text().nothing : text().choose;
  at('chart-problem').hidden = !one || state !== 'failed';
  showTime(time);
  const unit = one?.unit ?? null;
  if (chart && (!one || chartUnit !== unit)) forgetPlot();
  if (!one) {
    at('chart-summary').textContent = '';
    return;
  }
  if (!chart) {
    chart = makePlot(plot, size(), {
      unit,
      decimals: () => measureOf(series.get(key)).decimals,
      marks: markTimes,
      cursor: readout,
      zoom: go,
    });
    chartUnit = unit;
    const plotted = chart;
    touchable(plotted.over, {
      timeAt: (x) => plotted.posToVal(x, 'x') * 1000,
      show: (to) => {
        past = to;
        draw();
      },
      done: () => go(past),
    });
  }
  const columns = [
    drawn.t.map((t) => t / 1000),
    drawn.low,
    drawn.high,
    drawn.expected,
    drawn.value,
    drawn.anomaly,
  ];
  chart.batch(() => {
    chart?.setData(/** @type {any} */ (columns), false);
    chart?.setScale('x', { min: time[0] / 1000, max: time[1] / 1000 });
  });
  const buckets = data.width !== null;
  at('legend-band').textContent = buckets ? text().minmax : text().band;
  at('legend-value').textContent = buckets ? text().average : text().value;
  for (const kind of ['.k-expected', '.k-anomaly']) {
    /** @type {HTMLElement} */ (at('legend').querySelector(kind)).hidden = buckets;
  }
  readout(chart.cursor.idx ?? null);
  // A screen reader is not to be told every second.
  if (Date.now() - spoken > 10_000 && state === 'loaded') {
    spoken = Date.now();
    at('chart-summary').textContent = summaryText(
      drawn,
      [first, end],
      measureOf(one),
      [...markTimes()].length,
    );
  }
  if (/** @type {HTMLDetailsElement} */ (at('table')).open) showTable();
}

/** @returns {[number, number]} indices of the first point shown, and after the last */
function inView() {
  const [from, to] = shown();
  return [firstFrom(drawn, from), firstFrom(drawn, to + 1)];
}

/** @returns {number[]} */
function markTimes() {
  const [from, to] = shown();
  return [...marks.values()].map(({ ts }) => ts).filter((t) => t >= from && t <= to);
}

function forgetPlot() {
  chart?.destroy();
  chart = null;
}

/** @param {number | null} index the point under the cursor; null: the newest that is shown */
function readout(index) {
  at('readout').textContent = pointText(drawn, index ?? inView()[1] - 1, measureOf(series.get(key)));
}

const showTable = () => fillTable(at('table-rows'), drawn, inView(), measureOf(series.get(key)));

/** Heading: which series, its last value, its state, and how long ago that was. */
export function describe() {
  const one = series.get(key);
  at('chart-title').textContent = one ? `${one.sensor} · ${one.metric}` : text().noChoice;
  const now = at('chart-now');
  now.textContent = one?.last ? quantity(one.last.v, measureOf(one)) : '';
  if (!one) return;
  const age = one.last ? Date.now() - one.last.t : 0;
  if (age >= OLD) {
    const old = document.createElement('span');
    old.className = 'age';
    old.textContent = ago(age);
    now.append(old);
  }
  const mark = document.createElement('span');
  mark.className = 'state';
  mark.dataset.state = one.state;
  mark.textContent = stateName(one.state);
  now.append(mark);
}

function size() {
  const style = getComputedStyle(plot);
  const padding = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
  // Out of sight it has no size.
  return { width: Math.max(1, plot.clientWidth - padding), height: Math.max(1, plot.clientHeight) };
}

/** @param {[number, number]} time */
function showTime([from, to]) {
  for (const [i, [label, width]] of RANGES.entries()) {
    const button = /** @type {Element} */ (ranges.children[i]);
    button.textContent = label === '1 y' ? text().year : label;
    button.setAttribute('aria-pressed', String(Math.abs(to - from - width) < width / 100));
  }
  at('follow').hidden = past === null;
  at('later').setAttribute('aria-disabled', String(past === null));
  at('time-shown').textContent = past ? timeSpan(from, to) : '';
  at('zone').textContent = text().zone(timeZone());
}

/** After a change of theme, language or units. */
export function redrawChart() {
  forgetPlot();
  spoken = 0;
  describe();
  draw();
}

for (const [, width] of RANGES) {
  const button = document.createElement('button');
  button.type = 'button';
  button.addEventListener('click', () => {
    span = width;
    go(past && resized(past, width));
  });
  ranges.append(button);
}
at('earlier').addEventListener('click', () => go(moved(shown(), -0.5)));
at('later').addEventListener('click', () => {
  if (past) go(moved(past, 0.5));
});
at('follow').addEventListener('click', () => {
  at('chart-title').focus();
  go(null);
});
at('again').addEventListener('click', reload);
at('table').addEventListener('toggle', showTable);
setInterval(describe, 5 * SECOND);
new ResizeObserver(() => chart?.setSize(size())).observe(plot);
