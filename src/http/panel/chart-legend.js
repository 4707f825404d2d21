/** What the lines of the chart are, with minimum, average and maximum of what is shown, and the values at the cursor. */
import { lineColour } from './chart-plot.js';
import { pointText, statsOf } from './chart-text.js';
import { about, inFull, moment, quantity } from './format.js';
import { at, element } from './page.js';
import { measureOf, series, titleOf } from './series.js';
import { text } from './text.js';

/** @typedef {import('./chart-line.js').Line} Line */

const tooltip = at('tooltip');

/** @param {Line} line */
const nameOf = ({ key }) => {
  const one = series.get(key);
  return one ? titleOf(one) : key;
};

/** Which sign means what. @param {readonly Line[]} lines */
export function showLegend(lines) {
  const buckets = lines.some(({ data }) => data.width !== null);
  at('legend-band').textContent = buckets ? text().minmax : text().band;
  at('legend-value').textContent = buckets ? text().average : text().value;
  const hidden = {
    '.k-expected': buckets,
    '.k-anomaly': buckets,
    '.k-limit': lines.every(({ limits }) => limits.length === 0),
  };
  for (const [kind, away] of Object.entries(hidden)) {
    const item = /** @type {HTMLElement} */ (at('legend').querySelector(kind));
    item.hidden = away;
  }
}

/**
 * @param {readonly Line[]} lines @param {(line: Line) => [number, number]} inView indices of the first point shown, and after the last
 * @param {{ overlay: boolean, remove: (key: string) => void }} how
 */
export function showStats(lines, inView, { overlay, remove }) {
  const list = at('stats');
  while (list.childElementCount > lines.length) list.lastElementChild?.remove();
  for (const [i, line] of lines.entries()) {
    const measure = measureOf(series.get(line.key));
    const { n, min, average, max } = statsOf(line.drawn, inView(line));
    const values =
      n === 0 ? '' : text().stats(inFull(min, measure), about(average, measure), inFull(max, measure));
    let item = /** @type {HTMLElement | undefined} */ (list.children[i]);
    if (item?.dataset.key !== line.key) {
      const made = element('li', '');
      made.dataset.key = line.key;
      made.append(
        element('span', 'swatch'),
        element('strong', ''),
        element('span', 'values'),
        removal(line, remove),
      );
      if (item) item.replaceWith(made);
      else list.append(made);
      item = made;
    }
    const [swatch, name, shown, button] = /** @type {HTMLElement[]} */ ([...item.children]);
    if (!swatch || !name || !shown || !button) continue;
    swatch.hidden = !overlay;
    if (overlay) swatch.style.background = lineColour(i);
    name.hidden = button.hidden = lines.length < 2;
    name.textContent = nameOf(line);
    shown.textContent = values;
  }
}

/** @param {Line} line @param {(key: string) => void} remove */
function removal(line, remove) {
  const button = element('button', 'removal', '✕');
  button.setAttribute('type', 'button');
  button.setAttribute('aria-label', text().takeOff(nameOf(line)));
  button.addEventListener('click', () => remove(line.key));
  return button;
}

/**
 * Shows the values at the cursor, beside it.
 * @param {uPlot} u @param {readonly Line[]} lines
 */
export function showTooltip(u, lines) {
  const { left = -1, top = -1 } = u.cursor;
  // Another of the charts leads: it tells.
  if (left < 0 || !u.over.matches(':hover')) {
    if (!document.querySelector('.u-over:hover')) tooltip.hidden = true;
    return;
  }
  const t = u.posToVal(left, 'x') * 1000;
  /** @type {Element[]} */
  const rows = [];
  for (const [i, line] of lines.entries()) {
    const index = nearest(line.drawn, t);
    if (index === null) continue;
    const measure = measureOf(series.get(line.key));
    if (lines.length === 1) {
      rows.push(
        ...pointText(line.drawn, index, measure)
          .split(' · ')
          .map((part) => element('p', '', part)),
      );
      continue;
    }
    if (rows.length === 0) rows.push(element('p', '', moment(t)));
    const row = element('p', '');
    const swatch = element('span', 'swatch');
    swatch.style.background = lineColour(i);
    row.append(
      swatch,
      `${nameOf(line)}: ${quantity(/** @type {number} */ (line.drawn.value[index]), measure)}`,
    );
    rows.push(row);
  }
  tooltip.hidden = rows.length === 0;
  tooltip.replaceChildren(...rows);
  const canvas = /** @type {HTMLElement} */ (tooltip.parentElement).getBoundingClientRect();
  const over = u.over.getBoundingClientRect();
  const x = over.left - canvas.left + left;
  const right = x + tooltip.offsetWidth + 24 > canvas.width;
  const y = over.top - canvas.top + top - tooltip.offsetHeight / 2;
  tooltip.style.left = `${right ? x - tooltip.offsetWidth - 14 : x + 14}px`;
  tooltip.style.top = `${Math.max(0, Math.min(canvas.height - tooltip.offsetHeight, y))}px`;
}

/** @param {import('./chart-data.js').ChartData} data @param {number} t ms @returns {number | null} the index of the point that is nearest */
function nearest({ t: times, value }, t) {
  /** @type {number | null} */
  let best = null;
  for (const [i, time] of times.entries()) {
    if (typeof value[i] !== 'number') continue;
    if (best === null || Math.abs(time - t) < Math.abs(/** @type {number} */ (times[best]) - t)) best = i;
  }
  return best;
}
