/** The drawings of the chart: one for each series, or one for all of them over each other. */
import { showTooltip } from './chart-legend.js';
import { mouseable } from './chart-mouse.js';
import { makeOverlay, makePlot } from './chart-plot.js';
import { touchable } from './chart-touch.js';
import { measureOf, series, titleOf } from './series.js';

/**
 * @typedef {import('./chart-line.js').Line} Line
 * @typedef {[number, number]} Time ms
 * @typedef {{ shown: () => Time, zoom: (time: Time) => void, drag: (time: Time) => void, dragged: () => void, back: () => void,
 *   pointed: () => void }} Person what a person does to the chart; `shown` is the time it shows
 */

export class Panes {
  /** @type {uPlot[]} */
  charts = [];
  /** What they were made for: they are made anew for anything else. */
  madeFor = '';

  /** What the axes of values want, px: charts one below the other have one axis of time. @type {number[]} */
  widths = [];

  /** @param {HTMLElement} plot @param {Person} person */
  constructor(plot, person) {
    this.plot = plot;
    this.person = person;
    new ResizeObserver(() => {
      for (const chart of this.charts) chart.setSize(this.size());
    }).observe(plot);
  }

  /** The point under the cursor of the first. @returns {number | null} */
  get index() {
    return this.charts[0]?.cursor.idx ?? null;
  }

  /** They are made anew with the next data, as after a change of theme. */
  forget() {
    this.madeFor = '';
  }

  /** @param {Line[]} lines @param {boolean} stacked @param {Time} time */
  draw(lines, stacked, time) {
    const overlay = lines.length > 1 && !stacked;
    this.make(lines, overlay);
    const columns = lines.map(({ drawn }) => [
      drawn.t.map((t) => t / 1000),
      ...(overlay ? [drawn.value] : [drawn.low, drawn.high, drawn.expected, drawn.value, drawn.anomaly]),
    ]);
    const before = Math.max(0, ...this.widths);
    for (const [i, chart] of this.charts.entries()) {
      const data = overlay ? uPlot.join(/** @type {any} */ (columns)) : columns[i];
      chart.batch(() => {
        chart.setData(/** @type {any} */ (data), false);
        chart.setScale('x', { min: time[0] / 1000, max: time[1] / 1000 });
      });
    }
    if (Math.max(0, ...this.widths) !== before) for (const chart of this.charts) chart.redraw(false, true);
  }

  /** @param {Line[]} lines @param {boolean} overlay */
  make(lines, overlay) {
    const madeFor = [overlay, ...lines.map(({ key }) => `${key} ${series.get(key)?.unit ?? ''}`)].join('\n');
    if (this.madeFor === madeFor) return;
    for (const chart of this.charts) chart.destroy();
    this.madeFor = madeFor;
    this.widths = lines.map(() => 0);
    const { zoom, drag, dragged, back, pointed, shown } = this.person;
    /** @param {Line[]} told */
    const mouse = (told) => ({
      zoom,
      moved: (/** @type {uPlot} */ u) => {
        showTooltip(u, told);
        pointed();
      },
    });
    const size = this.size(overlay ? 1 : lines.length);
    const axes = lines.map(({ key }) => ({
      unit: series.get(key)?.unit ?? null,
      decimals: () => measureOf(series.get(key)).decimals,
    }));
    this.charts = overlay
      ? [makeOverlay(this.plot, size, { ...mouse(lines), lines: axes })]
      : lines.map((line, i) => {
          const one = series.get(line.key);
          const name = lines.length > 1 && one ? titleOf(one) : '';
          const axis = {
            .../** @type {import('./chart-plot.js').Axis} */ (axes[i]),
            labelled: axes.some(({ unit }) => unit !== null),
            width: (/** @type {number} */ natural) => {
              this.widths[i] = natural;
              return Math.max(...this.widths);
            },
          };
          const [marks, limits] = [() => line.markTimes(shown()), () => line.limits];
          return makePlot(this.plot, size, { ...mouse([line]), ...axis, name, marks, limits });
        });
    for (const chart of this.charts) {
      const timeAt = (/** @type {number} */ x) => chart.posToVal(x, 'x') * 1000;
      touchable(chart.over, { timeAt, show: drag, done: dragged });
      mouseable(chart, { timeAt, show: drag, done: dragged, back });
    }
  }

  /** @param {number} [count] of charts one below the other */
  size(count = this.charts.length) {
    const style = getComputedStyle(this.plot);
    const padding = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
    // Out of sight it has no size.
    const height = Math.max(1, Math.floor(this.plot.clientHeight / Math.max(1, count)));
    return { width: Math.max(1, this.plot.clientWidth - padding), height };
  }
}
