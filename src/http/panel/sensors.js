/**
 * The list of sensors. All rows are in the page, so that searching, tabbing and screen readers find them, and the browser
 * skips the layout of those out of sight; sparklines are read and drawn only for those in sight.
 */
import { at, order } from './page.js';
import { json } from './server.js';
import { duration, number, quantity, stateName, text } from './text.js';

/**
 * @typedef {{ t: number, v: number, score: number | null }} Point
 * @typedef {{ key: string, sensor: string, metric: string, unit: string | null, last: { t: number, v: number } | null,
 *   state: string, points: Point[] | null }} Series
 * @typedef {{ item: HTMLLIElement, link: HTMLAnchorElement, value: Element, state: HTMLElement, spark: SVGSVGElement }} Row
 */

const POINTS = 60;
const BATCH = 100;
const STATES = ['alarm', 'silent', 'warmup', 'normal'];
const SVG = 'http://www.w3.org/2000/svg';
const collator = new Intl.Collator(undefined, { numeric: true });

/** @type {Map<string, Series>} */
export const series = new Map();
/** @type {Map<string, Row>} */
const rows = new Map();
/** @type {Set<string>} */
const visible = new Set();
/** @type {Set<string>} in sight, without a sparkline yet */
const wanted = new Set();
/** @type {Set<string>} changed since they were drawn */
const dirty = new Set();
let state = 'all';
let chosen = '';
let fetching = false;
let frame = 0;

const list = at('rows');
const search = /** @type {HTMLInputElement} */ (at('search'));
const chips = at('states');
const count = at('sensor-count');
const empty = at('no-sensors');

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const key = /** @type {HTMLElement} */ (target).dataset.key ?? '';
      if (isIntersecting) {
        visible.add(key);
        if (series.get(key)?.points === null) wanted.add(key);
        changed(key);
      } else {
        visible.delete(key);
        wanted.delete(key);
      }
    }
    void fetchSparklines();
  },
  { root: null, rootMargin: '100px' },
);

/** @param {string} sensor @param {string} metric @returns {string} as the server writes it in ids and keys */
export const keyOf = (sensor, metric) => `${encode(sensor)}/${encode(metric)}`;

/** @param {string} name */
function encode(name) {
  return encodeURIComponent(name).replace(
    /[!'()*~]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Reads all series anew. */
export async function readSeries() {
  /** @type {Series[]} */
  const found = await json('/api/series');
  const keys = new Set();
  for (const { sensor, metric, unit, last, state } of found) {
    const key = keyOf(sensor, metric);
    keys.add(key);
    // What was shown before a break has a gap now.
    series.set(key, { key, sensor, metric, unit, last, state, points: null });
    if (visible.has(key)) wanted.add(key);
    changed(key);
  }
  for (const key of [...series.keys()]) {
    if (!keys.has(key)) dropSeries(key);
  }
  arrange();
  void fetchSparklines();
}

/** @param {{ sensor: string, metric: string, t: number, v: number, score: number | null, state?: string }} reading */
export function takeReading({ sensor, metric, t, v, score, state }) {
  const key = keyOf(sensor, metric);
  let one = series.get(key);
  if (!one) {
    const alike = [...series.values()].find((other) => other.metric === metric);
    one = { key, sensor, metric, unit: alike?.unit ?? null, last: null, state: 'warmup', points: null };
    series.set(key, one);
    if (!alike) void readUnits();
    later();
  }
  if (state !== undefined && state !== one.state) {
    one.state = state;
    later();
  }
  if (!one.last || t >= one.last.t) one.last = { t, v };
  if (one.points) {
    const { points } = one;
    let at = points.length;
    while (at > 0 && /** @type {Point} */ (points[at - 1]).t > t) at--;
    if (points[at - 1]?.t === t) at--;
    points.splice(at, points[at]?.t === t ? 1 : 0, { t, v, score });
    if (points.length > POINTS) points.splice(0, points.length - POINTS);
  }
  changed(key);
}

/** A state that has changed without a reading. @param {string} key @param {string} state */
export function takeState(key, state) {
  const one = series.get(key);
  if (!one || one.state === state) return;
  one.state = state;
  later();
  changed(key);
}

/** Takes a series that is deleted off the list. @param {string} key */
export function dropSeries(key) {
  series.delete(key);
  rows.get(key)?.item.remove();
  rows.delete(key);
  for (const keys of [visible, wanted, dirty]) keys.delete(key);
  later();
}

/** Of metrics that have just appeared: readings come without. */
async function readUnits() {
  try {
    /** @type {Series[]} */
    const found = await json('/api/series');
    for (const { sensor, metric, unit } of found) {
      const one = series.get(keyOf(sensor, metric));
      if (!one || one.unit === unit) continue;
      one.unit = unit;
      changed(one.key);
    }
    onUnits();
  } catch {
    // The next connection reads everything again.
  }
}

let onUnits = () => {};
/** @param {() => void} listener called when units have become known */
export function whenUnitsCome(listener) {
  onUnits = listener;
}

/** @param {string} key */
export function choose(key) {
  rows.get(chosen)?.link.removeAttribute('aria-current');
  chosen = key;
  const row = rows.get(key);
  row?.link.setAttribute('aria-current', 'true');
  if (!row || row.item.hidden) return;
  tabTo(key);
  reveal(row.item);
}

/** Scrolls the list only: a small screen stays where it is. @param {Element} item @param {number} [tries] rows that come into sight turn out higher or lower */
function reveal(item, tries = 5) {
  const [outer, inner] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
  const by = Math.min(0, inner.top - outer.top) || Math.max(0, inner.bottom - outer.bottom);
  if (tries === 0) return;
  list.scrollTop += by;
  requestAnimationFrame(() => reveal(item, tries - 1));
}

/** The row that the Tab key goes to; from there the arrows do. */
let tabStop = '';
/** @param {string} key */
function tabTo(key) {
  const before = rows.get(tabStop)?.link;
  if (before) before.tabIndex = -1;
  tabStop = key;
  const link = rows.get(key)?.link;
  if (link) link.tabIndex = 0;
}

let arranging = 0;
/** Filters and counts again, soon: many series may change at once. */
function later() {
  if (arranging === 0)
    arranging = setTimeout(() => {
      arranging = 0;
      arrange();
    }, 300);
}

/** Brings the rows into order, and shows those that are asked for. */
export function arrange() {
  const sorted = [...series.values()].sort(
    (a, b) => collator.compare(a.sensor, b.sensor) || collator.compare(a.metric, b.metric),
  );
  const needle = search.value.trim().toLocaleLowerCase();
  /** @type {Record<string, number>} */
  const counts = {};
  let shown = 0;
  /** @type {Element[]} */
  const ordered = [];
  for (const one of sorted) {
    const row = rows.get(one.key) ?? makeRow(one);
    ordered.push(row.item);
    counts[one.state] = (counts[one.state] ?? 0) + 1;
    const fits =
      (state === 'all' || state === one.state) &&
      (needle === '' || `${one.sensor} ${one.metric}`.toLocaleLowerCase().includes(needle));
    if (row.item.hidden === fits) row.item.hidden = !fits;
    if (fits) shown++;
  }
  order(list, ordered);
  if (rows.get(tabStop)?.item.hidden !== false) {
    const first = /** @type {HTMLElement | null} */ (list.querySelector('li:not([hidden])'));
    tabTo(rows.get(chosen)?.item.hidden === false ? chosen : (first?.dataset.key ?? ''));
  }
  count.textContent = text().counted(number(shown), number(sorted.length));
  empty.hidden = shown > 0;
  empty.textContent = sorted.length === 0 ? text().noSensors : text().noMatch;
  showChips(counts, sorted.length);
}

/** @param {Record<string, number>} counts @param {number} total */
function showChips(counts, total) {
  if (chips.childElementCount === 0) {
    for (const name of ['all', ...STATES]) {
      const chip = document.createElement('button');
      chip.type = 'button';
      chip.value = name;
      chip.addEventListener('click', () => {
        state = name;
        arrange();
      });
      chips.append(chip);
    }
  }
  for (const chip of /** @type {Iterable<HTMLButtonElement>} */ (chips.children)) {
    const n = chip.value === 'all' ? total : (counts[chip.value] ?? 0);
    chip.hidden = n === 0 && (chip.value === 'all' || chip.value !== state);
    chip.textContent = `${chip.value === 'all' ? text().all : stateName(chip.value)} ${number(n)}`;
    chip.setAttribute('aria-pressed', String(chip.value === state));
  }
}

/** @param {Series} one @returns {Row} */
function makeRow(one) {
  const item = document.createElement('li');
  item.dataset.key = one.key;
  const link = document.createElement('a');
  link.className = 'row';
  link.href = `#${one.key}`;
  link.tabIndex = -1;
  const names = element('span', 'names');
  names.append(element('span', 'name', one.sensor), element('span', 'sub', one.metric));
  const spark = document.createElementNS(SVG, 'svg');
  spark.setAttribute('class', 'spark');
  spark.setAttribute('viewBox', '0 0 100 30');
  spark.setAttribute('preserveAspectRatio', 'none');
  spark.setAttribute('aria-hidden', 'true');
  const last = element('span', 'last');
  const value = element('span', 'number');
  const mark = element('span', 'state');
  last.append(value, mark);
  link.append(names, spark, last);
  link.title = `${one.sensor} · ${one.metric}`;
  item.append(link);
  const row = { item, link, value, state: mark, spark };
  rows.set(one.key, row);
  if (one.key === chosen) link.setAttribute('aria-current', 'true');
  watcher.observe(item);
  draw(one, row);
  return row;
}

/** @param {string} name @param {string} className @param {string} [content] */
function element(name, className, content = '') {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}

/** @param {string} key */
function changed(key) {
  if (!visible.has(key)) return;
  dirty.add(key);
  if (frame === 0)
    frame = requestAnimationFrame(() => {
      frame = 0;
      for (const each of dirty) {
        const one = series.get(each);
        const row = rows.get(each);
        if (one && row) draw(one, row);
      }
      dirty.clear();
    });
}

/** @param {Series} one @param {Row} row */
function draw(one, row) {
  row.value.textContent = one.last ? quantity(one.last.v, one.unit) : '–';
  const silent = one.state === 'silent' && one.last;
  row.state.textContent = stateName(one.state) + (silent ? ` · ${duration(Date.now() - silent.t)}` : '');
  row.state.dataset.state = one.state;
  drawSparkline(row.spark, one.points ?? []);
}

/** @param {SVGSVGElement} svg @param {readonly Point[]} points */
function drawSparkline(svg, points) {
  const first = points[0];
  const newest = points.at(-1);
  if (!first || !newest) {
    svg.replaceChildren();
    return;
  }
  let [min, max] = [first.v, first.v];
  for (const { v } of points) {
    if (v < min) min = v;
    if (v > max) max = v;
  }
  const span = newest.t - first.t || 1;
  const height = max - min || 1;
  const x = (/** @type {Point} */ { t }) => (((t - first.t) / span) * 100).toFixed(1);
  const y = (/** @type {Point} */ { v }) => (max === min ? 15 : 28 - ((v - min) / height) * 26).toFixed(1);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', points.map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point)} ${y(point)}`).join(''));
  const marks = points
    .filter(({ score }) => score !== null && score >= 1)
    .map((point) => {
      const mark = document.createElementNS(SVG, 'circle');
      mark.setAttribute('cx', x(point));
      mark.setAttribute('cy', y(point));
      mark.setAttribute('r', '2.2');
      return mark;
    });
  svg.replaceChildren(path, ...marks);
}

/** Reads the newest points of the rows in sight, many in one request. */
async function fetchSparklines() {
  if (fetching) return;
  fetching = true;
  try {
    while (wanted.size > 0) {
      const keys = [...wanted].slice(0, BATCH);
      for (const key of keys) wanted.delete(key);
      const query = keys.map(encodeURIComponent).join(',');
      for (const {
        sensor,
        metric,
        points,
      } of /** @type {{ sensor: string, metric: string, points: [number, number, number | null][] }[]} */ (
        await json(`/api/recent?points=${POINTS}&series=${query}`)
      )) {
        const one = series.get(keyOf(sensor, metric));
        if (!one) continue;
        one.points = points.map(([t, v, score]) => ({ t, v, score }));
        changed(one.key);
      }
    }
  } catch {
    // The next connection reads everything again.
  } finally {
    fetching = false;
  }
}

search.addEventListener('input', arrange);
list.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  if (step === undefined) return;
  const shown = [.../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll('li:not([hidden]) a'))];
  const at = shown.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  shown[Math.max(0, Math.min(shown.length - 1, at + step))]?.focus();
  event.preventDefault();
});
list.addEventListener('focusin', ({ target }) =>
  tabTo(/** @type {HTMLElement} */ (target).closest('li')?.dataset.key ?? ''),
);
setInterval(() => {
  for (const key of visible) if (series.get(key)?.state === 'silent') changed(key);
}, 5000);

/** After a change of language. */
export function relabelSensors() {
  arrange();
  for (const [key, row] of rows) {
    const one = series.get(key);
    if (one) draw(one, row);
  }
}
