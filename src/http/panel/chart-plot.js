/** The drawing with uPlot: lines, band, marks of alerts, and the mouse that chooses a part. */
import { fixed, tickLabel } from './format.js';
import { decimalsOf } from './precision.js';

const FONT = '12px system-ui, sans-serif';
/** Px: an axis has room for a few digits at least, and grows in steps. */
const [LEAST_WIDTH, WIDTH_STEP] = [48, 8];
/** Between two labels of the axis of values. */
const INCREMENTS = Array.from({ length: 28 }, (_, i) => i - 12).flatMap((power) =>
  [1, 2, 2.5, 5].map((step) => Number(`${step}e${power}`)),
);

/** @param {string} name @returns {string} a colour of the theme */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/**
 * @param {HTMLElement} parent
 * @param {{ width: number, height: number }} size
 * @param {{ unit: string | null, decimals: () => number, marks: () => Iterable<number>, cursor: (index: number | null) => void,
 *   zoom: (time: [number, number]) => void }} chart `marks` are times, ms; `zoom` is told what was chosen
 * @returns {uPlot}
 */
export function makePlot(parent, size, { unit, decimals, marks, cursor, zoom }) {
  const axis = {
    stroke: colour('soft'),
    font: FONT,
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { stroke: colour('grid'), width: 1 },
  };
  const none = { show: false };
  const fill = (/** @type {string} */ name) => ({ fill: colour(name), stroke: colour(name) });
  return new uPlot(
    {
      ...size,
      legend: { show: false },
      cursor: {
        points: { size: 7 },
        drag: { x: true, y: false, setScale: false },
        // It would show everything that is loaded, also what lies before the time shown.
        bind: { dblclick: () => null },
      },
      scales: { x: { time: true }, y: { range: (_, min, max) => around(min, max) } },
      axes: [
        {
          ...axis,
          space: 72,
          values: (_, ticks, __, ___, step) => ticks.map((tick) => tickLabel(tick * 1000, step)),
        },
        {
          ...axis,
          size: labelWidth,
          // No finer than the series is written.
          incrs: () => INCREMENTS.filter((step) => decimalsOf(step) <= decimals()),
          label: unit ?? '',
          labelFont: axis.font,
          labelSize: unit ? 18 : 0,
          values: (_, ticks, __, ___, step) => ticks.map((tick) => fixed(tick, decimalsOf(step))),
        },
      ],
      series: [
        {},
        { stroke: 'transparent', points: none },
        { stroke: 'transparent', points: none },
        { stroke: colour('expected'), width: 1.4, dash: [5, 4], points: none },
        {
          stroke: colour('value'),
          width: 1.5,
          points: { size: 4, ...fill('value'), filter: lonely },
        },
        { stroke: 'transparent', points: { show: true, size: 6, ...fill('alarm'), width: 1 } },
      ],
      bands: [{ series: [2, 1], fill: colour('band') }],
      hooks: {
        setCursor: [(u) => cursor(u.cursor.idx ?? null)],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < 4) return;
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            zoom([u.posToVal(left, 'x') * 1000, u.posToVal(left + width, 'x') * 1000]);
          },
        ],
        drawAxes: [(u) => drawMarks(u, marks())],
      },
    },
    /** @type {any} */ ([[], [], [], [], [], []]),
    parent,
  );
}

/** Points between two gaps, which no line shows. @param {uPlot} u @param {number} at the series @param {boolean} show whether all are shown @returns {number[] | null} */
function lonely(u, at, show) {
  if (show) return null;
  const values = /** @type {(number | null)[]} */ (u.data[at]);
  return values.flatMap((v, i) =>
    v !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? [i] : [],
  );
}

/** Some room above and below, also around a constant. @param {number | null} min @param {number | null} max @returns {[number, number]} */
function around(min, max) {
  if (min === null || max === null) return [0, 1];
  const room = (max - min) * 0.08 || Math.max(Math.abs(max) * 0.02, 0.5);
  return [min - room, max + room];
}

/**
 * As wide as its labels, in steps, so that the drawing does not tremble.
 * @param {uPlot} u @param {string[] | null} labels @param {number} at the axis
 */
function labelWidth(u, labels, at) {
  const { ticks, gap = 0 } = /** @type {uPlot.Axis} */ (u.axes[at]);
  const { ctx } = u;
  ctx.save();
  ctx.font = FONT;
  const widest = Math.max(0, ...(labels ?? []).map((label) => ctx.measureText(label).width));
  ctx.restore();
  const width = widest + gap + (ticks?.size ?? 0);
  return Math.max(LEAST_WIDTH, Math.ceil(width / WIDTH_STEP) * WIDTH_STEP);
}

/** The times of alerts, behind the lines: also where only averages are shown. @param {uPlot} u @param {Iterable<number>} marks */
function drawMarks(u, marks) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = colour('alarm');
  for (const t of marks) {
    const x = u.valToPos(t / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const r = 5 * devicePixelRatio;
    ctx.globalAlpha = 0.3;
    ctx.fillRect(x - devicePixelRatio / 2, bbox.top, devicePixelRatio, bbox.height);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x - r, bbox.top);
    ctx.lineTo(x + r, bbox.top);
    ctx.lineTo(x, bbox.top + 1.6 * r);
    ctx.fill();
  }
  ctx.restore();
}
