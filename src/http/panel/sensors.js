/**
 * The list of sensors. All rows are in the page, so that searching, tabbing and screen readers find them, and the browser
 * skips the layout of those out of sight; sparklines are read and drawn only for those in sight.
 */
import { duration, number, quantity } from './format.js';
import { at, order } from './page.js';
import { listenToSeries, measureOf, readPoints, series } from './series.js';
import { drawSparkline, makeSparkline } from './sparkline.js';
import { stateName, text } from './text.js';

/**
 * @typedef {import('./series.js').Series} Series
 * @typedef {{ item: HTMLLIElement, link: HTMLAnchorElement, value: Element, state: HTMLElement, spark: SVGSVGElement }} Row
 */

const STATES = ['alarm', 'silent', 'warmup', 'normal'];
const collator = new Intl.Collator(undefined, { numeric: true });

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
        changed(key);
      } else {
        visible.delete(key);
        wanted.delete(key);
      }
    }
  },
  { root: null, rootMargin: '100px' },
);

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
    arranging = window.setTimeout(() => {
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
  const spark = makeSparkline();
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
  if (series.get(key)?.points === null) wanted.add(key);
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
      void readPoints(wanted);
    });
}

/** @param {Series} one @param {Row} row */
function draw(one, row) {
  row.value.textContent = one.last ? quantity(one.last.v, measureOf(one)) : '–';
  const silent = one.state === 'silent' && one.last;
  row.state.textContent = stateName(one.state) + (silent ? ` · ${duration(Date.now() - silent.t)}` : '');
  row.state.dataset.state = one.state;
  drawSparkline(row.spark, one.points ?? []);
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

/** @param {string} key of a series that is gone */
function drop(key) {
  rows.get(key)?.item.remove();
  rows.delete(key);
  for (const keys of [visible, wanted, dirty]) keys.delete(key);
}

/** @param {() => void} units called when units have become known */
export const showSensors = (units) =>
  listenToSeries({
    changed,
    regrouped: (atOnce) => (atOnce ? arrange() : later()),
    gone: drop,
    units,
  });
