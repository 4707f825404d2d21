/** The line of the newest readings in a row. */
import { GAP, usualInterval } from './chart-data.js';

/** @typedef {import('./series.js').Point} Point */

const SVG = 'http://www.w3.org/2000/svg';

/** @returns {SVGSVGElement} an empty one */
export function makeSparkline() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('viewBox', '0 0 100 30');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  return svg;
}

/** @param {SVGSVGElement} svg @param {readonly Point[]} points */
export function drawSparkline(svg, points) {
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
  const usual = usualInterval({ t: points.map(({ t }) => t) });
  const gapBefore = (/** @type {number} */ i) =>
    usual !== null && /** @type {Point} */ (points[i]).t - (points[i - 1]?.t ?? 0) > GAP * usual;
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute(
    'd',
    points
      .map((point, i) => {
        const to = `${x(point)} ${y(point)}`;
        // Without a line to it, a point is a line of no length.
        return i === 0 || gapBefore(i) ? `M${to}h0` : `L${to}`;
      })
      .join(''),
  );
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
