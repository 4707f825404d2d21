/** The chart: which series and which time it shows, and what is read and drawn of them. */

import { addressOf } from './address.js';
import { firstFrom, usualInterval } from './chart-data.js';
import { showHeading } from './chart-heading.js';
import { showLegend, showStats } from './chart-legend.js';
import { Line } from './chart-line.js';
import { Panes } from './chart-panes.js';
import { choosable, DEFAULT_SPAN, nameOfSpan, showRange, timeOf } from './chart-range.js';
import { fillTable, pointText, summaryText } from './chart-text.js';
import { around, moved, newest, resized, settled } from './chart-window.js';
import { choose } from './device-list.js';
import { at } from './page.js';
import { measureOf, series } from './series.js';
import { offer } from './series-file.js';
import { text } from './text.js';
import { linkToChart } from './views.js';

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const MOMENT = 900 * SECOND;
/** Around a moment so many usual intervals are shown at least. */
const MOMENT_READINGS = 60;
/** Series at once: more lines cannot be told apart. */
const MOST_LINES = 6;
/** Times that a double click goes back to. */
const MOST_BACK = 50;

/** @typedef {[number, number]} Time ms */

const panes = new Panes(at('plot'), {
  shown,
  zoom: go,
  drag,
  dragged: () => go(past),
  back: goBack,
  pointed: readout,
});

/** By key, in the order in which they were chosen. @type {Map<string, Line>} */
let lines = new Map();
let stacked = false;
let span = DEFAULT_SPAN;
/** @type {Time | null} a time that was chosen; null follows the newest readings */
let past = null;
/** What was shown before. @type {{ past: Time | null, span: number }[]} */
const before = [];
/** @type {number | null} the moment that the address names, until it is shown with enough around it */
let wanted = null;
/** @type {'loading' | 'loaded' | 'failed'} */
let state = 'loading';
let generation = 0;
let frame = 0;
let loading = 0;
let spoken = 0;

export const chosenKeys = () => [...lines.keys()];
export const chosenKey = () => chosenKeys()[0] ?? '';
const first = () => series.get(chosenKey());

const last = () => {
  const times = chosenKeys().map((key) => series.get(key)?.last?.t ?? 0);
  return times.length > 0 ? Math.max(...times) || null : null;
};

/** @returns {Time} */
function shown() {
  return past ?? newest(span, last(), Date.now());
}

/** The heading, which also tells the time. */
export const describe = () => showHeading(first(), lines.size - 1);

/** @param {string[]} keys */
function take(keys) {
  lines = new Map(keys.slice(0, MOST_LINES).map((key) => [key, lines.get(key) ?? new Line(key)]));
  state = 'loading';
  spoken = 0;
  choose(keys);
  offer(first());
}

/**
 * Shows series; no key none.
 * @param {string[]} keys
 * @param {{ moment?: number | null, query?: URLSearchParams }} [when] a moment to be shown, ms, or what an address says
 */
export function showSeries(keys, { moment = null, query = new URLSearchParams() } = {}) {
  take(keys);
  stacked = query.get('layout') === 'stacked';
  document.documentElement.toggleAttribute('data-kiosk', query.has('kiosk'));
  const { time, span: width } = timeOf(query);
  span = width;
  past = null;
  wanted = moment;
  before.length = 0;
  if (moment !== null) settle(around(moment, MOMENT));
  else if (time) settle(time);
  linkToChart(address());
  draw();
  void reload();
}

/** The address of what is shown. */
function address() {
  const kiosk = document.documentElement.hasAttribute('data-kiosk') ? '1' : null;
  const layout = stacked ? 'stacked' : null;
  const time = past ? { from: Math.floor(past[0]), to: Math.ceil(past[1]) } : { last: nameOfSpan(span) };
  return addressOf(chosenKeys().join(','), { ...time, layout, kiosk });
}

function showAddress() {
  linkToChart(address());
  history.replaceState(null, '', address());
}

/** @param {Time} time */
function settle(time) {
  const { time: settledTime, span: width } = settled(time, last(), Date.now());
  past = settledTime;
  if (past === null) span = width;
}

/** Shows another time, as a person wants it. @param {Time | null} time null follows the newest readings */
function go(time) {
  before.push({ past: held === undefined ? past : held, span });
  if (before.length > MOST_BACK) before.shift();
  held = undefined;
  past = null;
  if (time) settle(time);
  arrived();
}

function arrived() {
  wanted = null;
  spoken = 0;
  showAddress();
  draw();
  void reload();
}

function goBack() {
  const to = before.pop();
  if (to) ({ past, span } = to);
  else past = null;
  held = undefined;
  arrived();
}

/** What was shown before the chart began to move under wheel or finger. @type {Time | null | undefined} */
let held;
/** Moves the chart, for now. @param {Time} time */
function drag(time) {
  if (held === undefined) held = past;
  past = time;
  draw();
}

/** Puts a series on the chart or takes it off. @param {string} key */
export function toggleSeries(key) {
  const keys = chosenKeys();
  const others = keys.filter((one) => one !== key);
  if (others.length === keys.length && keys.length >= MOST_LINES) return;
  take(others.length < keys.length ? others : [...keys, key]);
  arrived();
}

/** Reads the data of the time shown. */
export async function reload() {
  const mine = ++generation;
  describe();
  const [from, end] = shown();
  const to = past ? end : Math.max(end, Date.now());
  const how = { live: past === null, still: () => mine === generation };
  try {
    await Promise.all([...lines.values()].map((line) => line.read(from, to, how)));
    if (mine !== generation) return;
    state = 'loaded';
    spoken = 0;
  } catch {
    if (mine !== generation) return;
    state = 'failed';
  }
  const data = lines.get(chosenKey())?.data;
  const least =
    data && wanted !== null ? Math.min(30 * DAY, MOMENT_READINGS * (usualInterval(data) ?? 0)) : 0;
  if (wanted !== null && data?.width === null && least > MOMENT) {
    settle(around(wanted, least));
    wanted = null;
    await reload();
  } else draw();
}

/** @param {string} key @param {import('../panel-types.ts').LiveReading} reading */
export function takeChartReading(key, reading) {
  const line = lines.get(key);
  if (!line) return;
  if (!past && !line.add(reading) && loading === 0)
    loading = window.setTimeout(
      () => {
        loading = 0;
        void reload();
      },
      Math.min(15 * SECOND, Math.max(3 * SECOND, line.data.width ?? 0)),
    );
  drawSoon();
}

/** @param {string} key @param {import('./chart-line.js').Alert} alert new or changed */
export function takeMark(key, alert) {
  lines.get(key)?.mark(alert);
  if (lines.has(key)) drawSoon();
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
  const time = shown();
  const shownLines = [...lines.values()];
  for (const line of shownLines) line.prepare(past ? null : time[0]);
  const any = shownLines.length > 0;
  const some = shownLines.some((line) => inView(line)[1] > inView(line)[0]);
  const one = shownLines.length === 1;
  for (const id of ['table', 'readout']) at(id).hidden = !some || !one;
  at('legend').hidden = !any || (!one && !stacked);
  for (const id of ['ranges', 'moves']) at(id).hidden = !any;
  at('detail').dataset.lines = shownLines.length > 1 ? 'many' : 'one';
  at('layout').hidden = shownLines.length < 2;
  at('layout').setAttribute('aria-pressed', String(stacked));
  at('no-chart').hidden = some || (any && state !== 'loaded');
  at('no-chart').textContent = any ? text().nothing : text().choose;
  at('chart-problem').hidden = !any || state !== 'failed';
  showRange(time, past !== null);
  // One below the other, each has room for itself.
  at('plot').style.minHeight = stacked ? `${9 * shownLines.length}rem` : '';
  panes.draw(shownLines, stacked, time);
  describe();
  showLegend(shownLines);
  showStats(shownLines, inView, { overlay: !stacked && !one, remove: toggleSeries });
  const [line] = shownLines;
  if (!line) {
    at('chart-summary').textContent = '';
    return;
  }
  readout();
  // A screen reader is not to be told every second.
  if (Date.now() - spoken > 10_000 && state === 'loaded') {
    spoken = Date.now();
    const alerts = line.markTimes(time).length;
    at('chart-summary').textContent = summaryText(line.drawn, inView(line), measureOf(first()), alerts);
  }
  if (/** @type {HTMLDetailsElement} */ (at('table')).open) showTable();
}

/** @param {Line} line @returns {[number, number]} indices of the first point shown, and after the last */
function inView({ drawn }) {
  const [from, to] = shown();
  return [firstFrom(drawn, from), firstFrom(drawn, to + 1)];
}

/** The point under the cursor, else the newest that is shown. */
function readout() {
  const line = lines.get(chosenKey());
  if (!line) return;
  const index = lines.size === 1 ? panes.index : null;
  at('readout').textContent = pointText(line.drawn, index ?? inView(line)[1] - 1, measureOf(first()));
}

function showTable() {
  const line = lines.get(chosenKey());
  if (line) fillTable(at('table-rows'), line.drawn, inView(line), measureOf(first()));
}

/** After a change of theme, language or units. */
export function redrawChart() {
  panes.forget();
  spoken = 0;
  at('stats').replaceChildren();
  describe();
  draw();
}

choosable({
  shown,
  span(width) {
    if (past) go(resized(past, width));
    else {
      before.push({ past, span });
      span = width;
      arrived();
    }
  },
  time: go,
});
at('earlier').addEventListener('click', () => go(moved(shown(), -0.5)));
at('later').addEventListener('click', () => {
  if (past) go(moved(past, 0.5));
});
for (const [id, factor] of /** @type {const} */ ([
  ['zoom-in', 0.5],
  ['zoom-out', 2],
]))
  at(id).addEventListener('click', () => {
    const [from, to] = shown();
    go(resized([from, to], (to - from) * factor));
  });
at('follow').addEventListener('click', () => {
  at('chart-title').focus();
  go(null);
});
at('layout').addEventListener('click', () => {
  stacked = !stacked;
  arrived();
});
at('full-screen').addEventListener('click', () =>
  document.fullscreenElement ? document.exitFullscreen() : at('detail').requestFullscreen(),
);
at('kiosk').addEventListener('click', () => {
  document.documentElement.toggleAttribute('data-kiosk');
  showAddress();
});
at('again').addEventListener('click', reload);
at('table').addEventListener('toggle', showTable);
setInterval(describe, 5 * SECOND);
