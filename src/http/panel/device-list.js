/** The list of devices. All rows are in the page; sparklines are read and drawn only for those in sight. */
import { devicesOf, STATES } from './device-order.js';
import { drawHeading, drawRow, makeHeading, makeRow, nameRow, showStar } from './device-row.js';
import { number } from './format.js';
import { keep, kept, keptSet } from './kept.js';
import { at } from './page.js';
import { listenToSeries, readPoints, series } from './series.js';
import { steadyList } from './steady-list.js';
import { stateName, text } from './text.js';

/**
 * @typedef {import('./series.js').Series} Series
 * @typedef {import('./device-order.js').Order} Order
 */

/** Changes are gathered for so long before the list is put in order again, ms. */
const GATHER_MS = 300;
/** What goes by the clock is looked at again, ms. */
const CLOCK_MS = 5000;

/** @type {Map<string, import('./device-row.js').Row>} */
const rows = new Map();
/** @type {Map<string, import('./device-row.js').Heading>} by sensor */
const headings = new Map();
/** @type {Set<string>} */
const visible = new Set();
/** @type {Set<string>} in sight, without a sparkline yet */
const wanted = new Set();
/** @type {Set<string>} changed since they were drawn */
const dirty = new Set();
const favourites = keptSet('favourites');
const folded = keptSet('folded');
let state = 'all';
/** @type {string[]} */
let chosen = [];
let frame = 0;

const list = at('rows');
const search = /** @type {HTMLInputElement} */ (at('search'));
const sort = /** @type {HTMLSelectElement} */ (at('sort'));
const chips = at('states');
const place = steadyList(list);

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

/** Marks the series of the chart. @param {string[]} keys the list shows where the last of them is */
export function choose(keys) {
  for (const key of chosen) rows.get(key)?.link.removeAttribute('aria-current');
  chosen = keys;
  for (const key of keys) rows.get(key)?.link.setAttribute('aria-current', 'true');
  const key = keys.at(-1) ?? '';
  const row = rows.get(key);
  if (!row?.item.isConnected) return;
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
/** Puts the list in order again, soon: many series may change at once. */
function later() {
  if (arranging === 0)
    arranging = window.setTimeout(() => {
      arranging = 0;
      arrange();
    }, GATHER_MS);
}

/** Brings the rows that are asked for into order. @param {boolean} [asked] whether a person wants it so: then at once */
export function arrange(asked = false) {
  const wish = { order: /** @type {Order} */ (sort.value), state, text: search.value, favourites };
  const devices = devicesOf(series.values(), { ...wish, now: Date.now() });
  /** @type {Element[]} */
  const items = [];
  /** @type {string[]} */
  const keys = [];
  for (const device of devices) {
    const alone = device.series.length === 1;
    if (!alone) items.push(headingOf(device));
    for (const one of device.series) {
      const row = rowOf(one);
      nameRow(row, one, alone);
      showStar(row.star, device.favourite);
      if (!alone && folded.has(device.sensor)) continue;
      items.push(row.item);
      keys.push(one.key);
    }
  }
  place(items, asked);
  if (!keys.includes(tabStop)) tabTo(keys.find((key) => chosen.includes(key)) ?? keys[0] ?? '');
  const shown = devices.reduce((n, device) => n + device.series.length, 0);
  at('sensor-count').textContent = text().counted(number(shown), number(series.size));
  const none = at('no-sensors');
  none.hidden = shown > 0;
  none.textContent = series.size === 0 ? text().noSensors : text().noMatch;
  showChips();
}

/** @param {Series} one */
function rowOf(one) {
  let row = rows.get(one.key);
  if (!row) {
    row = makeRow(one);
    rows.set(one.key, row);
    if (chosen.includes(one.key)) row.link.setAttribute('aria-current', 'true');
    watcher.observe(row.item);
    drawRow(row, one);
  }
  return row;
}

/** @param {import('./device-order.js').Device} device */
function headingOf(device) {
  let heading = headings.get(device.sensor);
  if (!heading) {
    heading = makeHeading(device.sensor);
    headings.set(device.sensor, heading);
  }
  drawHeading(heading, device, folded.has(device.sensor));
  showStar(heading.star, device.favourite);
  return heading.item;
}

function showChips() {
  /** @type {Record<string, number>} */
  const counts = { all: series.size };
  for (const one of series.values()) {
    counts[one.state] = (counts[one.state] ?? 0) + 1;
    if (favourites.has(one.sensor)) counts.favourite = (counts.favourite ?? 0) + 1;
  }
  for (const chip of /** @type {Iterable<HTMLButtonElement>} */ (chips.children)) {
    const n = counts[chip.value] ?? 0;
    chip.hidden = n === 0 && (chip.value === 'all' || chip.value !== state);
    const name = { all: text().all, favourite: '★' }[chip.value] ?? stateName(chip.value);
    chip.textContent = `${name} ${number(n)}`;
    if (chip.value === 'favourite') chip.setAttribute('aria-label', text().favourites(number(n)));
    chip.setAttribute('aria-pressed', String(chip.value === state));
  }
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
        if (one && row) drawRow(row, one);
      }
      dirty.clear();
      void readPoints(wanted);
    });
}

/** @param {string} key of a series that is gone */
function drop(key) {
  rows.get(key)?.item.remove();
  rows.delete(key);
  for (const keys of [visible, wanted, dirty]) keys.delete(key);
}

/** Takes a word in a set that the browser remembers, or out of it. @param {Set<string>} set @param {string} name @param {string} word */
function toggle(set, name, word) {
  if (!set.delete(word)) set.add(word);
  keep(name, JSON.stringify([...set]));
  arrange(true);
}

for (const name of ['all', ...STATES, 'favourite']) {
  const chip = document.createElement('button');
  chip.type = 'button';
  chip.value = name;
  chip.hidden = true;
  chip.addEventListener('click', () => {
    state = name;
    arrange(true);
  });
  chips.append(chip);
}
search.addEventListener('input', () => arrange(true));
sort.value = kept('sort') ?? 'alarms';
if (sort.selectedIndex < 0) sort.value = 'alarms';
sort.addEventListener('change', () => {
  keep('sort', sort.value);
  arrange(true);
});
list.addEventListener('click', ({ target }) => {
  const button = /** @type {Element} */ (target).closest('button');
  const sensor = /** @type {HTMLElement | null} */ (button?.closest('.device'))?.dataset.sensor ?? '';
  if (button?.matches('.star')) toggle(favourites, 'favourites', button.dataset.sensor ?? '');
  else if (button) toggle(folded, 'folded', sensor);
});
/** Up and down from row to row, left and right within one. */
list.addEventListener('keydown', (event) => {
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const inside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  if (inside === undefined && step === undefined) return;
  event.preventDefault();
  if (inside !== undefined) {
    const parts = [
      .../** @type {NodeListOf<HTMLElement>} */ (
        focused.closest('li')?.querySelectorAll('button:not([hidden]), a') ?? []
      ),
    ];
    parts[parts.indexOf(focused) + inside]?.focus();
    return;
  }
  const items = [...list.children];
  const from = items.indexOf(/** @type {Element} */ (focused.closest('li')));
  const to = items[Math.max(0, Math.min(items.length - 1, from + /** @type {number} */ (step)))];
  /** @type {HTMLElement | null | undefined} */ (to?.querySelector('.row, .fold'))?.focus();
});
list.addEventListener('focusin', ({ target }) => {
  const key = /** @type {HTMLElement} */ (target).closest('li')?.dataset.key;
  if (key !== undefined) tabTo(key);
});
setInterval(() => {
  for (const key of visible) if (series.get(key)?.state === 'silent') changed(key);
  if (sort.value === 'age') arrange();
}, CLOCK_MS);

/** @param {() => void} units called when units have become known */
export const showDevices = (units) =>
  listenToSeries({ changed, regrouped: (atOnce) => (atOnce ? arrange() : later()), gone: drop, units });

/** After a change of language. */
export function relabelDevices() {
  arrange(true);
  for (const [key, row] of rows) {
    const one = series.get(key);
    if (one) drawRow(row, one);
  }
}
