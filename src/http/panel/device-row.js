/** The rows of the list of devices: a device with one metric is one row, one with several has a heading and a row each. */
import { duration, quantity } from './format.js';
import { element } from './page.js';
import { measureOf } from './series.js';
import { drawSparkline, makeSparkline } from './sparkline.js';
import { stateName, text } from './text.js';

/**
 * @typedef {import('./series.js').Series} Series
 * @typedef {{ item: HTMLLIElement, link: HTMLAnchorElement, name: HTMLElement, sub: HTMLElement, star: HTMLButtonElement, value: HTMLElement,
 *   state: HTMLElement, spark: SVGSVGElement }} Row
 * @typedef {{ item: HTMLLIElement, star: HTMLButtonElement, fold: HTMLButtonElement, state: HTMLElement }} Heading
 */

/** @param {string} sensor */
function makeStar(sensor) {
  const star = document.createElement('button');
  star.type = 'button';
  star.className = 'star';
  star.dataset.sensor = sensor;
  star.tabIndex = -1;
  return star;
}

/** @param {HTMLButtonElement} star @param {boolean} favourite */
export function showStar(star, favourite) {
  star.textContent = favourite ? '★' : '☆';
  star.setAttribute('aria-pressed', String(favourite));
  star.setAttribute('aria-label', text().favouriteOf(star.dataset.sensor ?? ''));
  star.title = star.getAttribute('aria-label') ?? '';
}

/** @param {Series} one @returns {Row} */
export function makeRow(one) {
  const item = document.createElement('li');
  item.dataset.key = one.key;
  const link = document.createElement('a');
  link.className = 'row';
  link.href = `#${one.key}`;
  link.tabIndex = -1;
  link.title = `${one.sensor} · ${one.metric}`;
  const name = element('span', 'name');
  const sub = element('span', 'sub');
  const spark = makeSparkline();
  const value = element('span', 'number');
  const state = element('span', 'state');
  const [upper, lower] = [element('span', 'line'), element('span', 'line')];
  upper.append(name, state);
  lower.append(sub, spark, value);
  link.append(upper, lower);
  const star = makeStar(one.sensor);
  item.append(star, link);
  return { item, link, name, sub, star, value, state, spark };
}

/** Whether it stands alone, or under the heading of its device. @param {Row} row @param {Series} one @param {boolean} alone */
export function nameRow({ item, name, sub, star }, one, alone) {
  item.dataset.kind = alone ? 'alone' : 'part';
  star.hidden = !alone;
  const own = alone ? one.sensor : one.metric;
  setText(name, one.name ?? own);
  setText(
    sub,
    one.name === null ? (alone ? one.metric : '') : alone ? `${one.sensor} · ${one.metric}` : one.metric,
  );
}

/** @param {Row} row @param {Series} one */
export function drawRow(row, one) {
  setText(row.value, one.last ? quantity(one.last.v, measureOf(one)) : '–');
  const silent = one.state === 'silent' && one.last;
  setText(row.state, stateName(one.state) + (silent ? ` · ${duration(Date.now() - silent.t)}` : ''));
  row.state.dataset.state = one.state;
  drawSparkline(row.spark, one.points ?? []);
}

/** @param {HTMLElement} at @param {string} content */
function setText(at, content) {
  if (at.textContent !== content) at.textContent = content;
}

/** @param {string} sensor @returns {Heading} */
export function makeHeading(sensor) {
  const item = document.createElement('li');
  item.className = 'device';
  item.dataset.sensor = sensor;
  const star = makeStar(sensor);
  const fold = document.createElement('button');
  fold.type = 'button';
  fold.className = 'fold';
  fold.tabIndex = -1;
  fold.append(element('span', 'name', sensor), element('span', 'sub'));
  const state = element('span', 'state');
  item.append(star, fold, state);
  return { item, star, fold, state };
}

/** @param {Heading} heading @param {import('./device-order.js').Device} device @param {boolean} folded */
export function drawHeading({ fold, state }, device, folded) {
  fold.setAttribute('aria-expanded', String(!folded));
  setText(/** @type {HTMLElement} */ (fold.lastElementChild), text().metrics(String(device.series.length)));
  setText(state, stateName(device.state));
  state.dataset.state = device.state;
}
