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
 * @typedef {{ unit: string | null, decimals: () => number, width?: (natural: number) => number, labelled?: boolean }} Axis
 *   how values are written at an axis; `width` is what it gets of the px that it wants; `labelled`: there is room for a unit
 * @typedef {{ zoom: (time: [number, number]) => void, moved: (u: uPlot) => void }} Mouse `zoom` is told what was chosen
 */

/** @param {{ width: number, height: number }} size @param {readonly Axis[]} axes one for each scale of values @param {Mouse} mouse */
function common(size, axes, { zoom, moved }) {
  const look = {
    stroke: colour('soft'),
    font: FONT,
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { stroke: colour('grid'), width: 1 },
  };
  /** @type {Partial<uPlot.Options> & { width: number, height: number }} */
  const options = {
    ...size,
    legend: { show: false },
    cursor: {
      points: { size: 7 },
      drag: { x: true, y: false, setScale: false },
      // One line through all charts that are one below the other.
      sync: { key: 'vigia', setSeries: false, scales: ['x', null] },
      // It would show everything that is loaded, also what lies before the time shown.
      bind: { dblclick: () => null },
    },
    axes: [
      {
        ...look,
        space: 72,
        values: (_, ticks, __, ___, step) => ticks.map((tick) => tickLabel(tick * 1000, step)),
      },
      ...axes.map(({ unit, decimals, width = (natural) => natural, labelled = unit !== null }, i) => ({
        ...look,
        scale: i === 0 ? 'y' : `y${i}`,
        side: /** @type {uPlot.Axis.Side} */ (i === 0 ? 3 : 1),
        grid: { ...look.grid, show: i === 0 },
        size: (/** @type {uPlot} */ u, /** @type {string[]} */ labels, /** @type {number} */ at) =>
          width(labelWidth(u, labels, at)),
        // No finer than the series is written.
        incrs: () => INCREMENTS.filter((step) => decimalsOf(step) <= decimals()),
        label: unit ?? '',
        labelFont: FONT,
        labelSize: labelled ? 18 : 0,
        values: (
          /** @type {uPlot} */ _,
          /** @type {number[]} */ ticks,
          /** @type {number} */ __,
          /** @type {number} */ ___,
          /** @type {number} */ step,
        ) => ticks.map((tick) => fixed(tick, decimalsOf(step))),
      })),
    ],
    hooks: {
      setCursor: [moved],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width < 4) return;
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          zoom([u.posToVal(left, 'x') * 1000, u.posToVal(left + width, 'x') * 1000]);
        },
      ],
    },
  };
  return options;
}

/**
 * One series with its forecast, its usual error or its extremes, its anomalies, its limits and its alerts.
 * @param {HTMLElement} parent @param {{ width: number, height: number }} size
 * @param {Axis & Mouse & { name: string, marks: () => Iterable<number>, limits: () => readonly number[] }} chart
 *   `name` is written into it, where there are several; `marks` are times, ms; `limits` in the unit
 * @returns {uPlot}
 */
export function makePlot(parent, size, { name, marks, limits, zoom, moved, ...axis }) {
  const none = { show: false };
  const fill = (/** @type {string} */ name) => ({ fill: colour(name), stroke: colour(name) });
  const options = common(size, [axis], { zoom, moved });
  return new uPlot(
    {
      ...options,
      scales: { x: { time: true }, y: { range: (_, min, max) => around(min, max, limits()) } },
      series: [
        {},
        { stroke: 'transparent', points: none },
        { stroke: 'transparent', points: none },
        { stroke: colour('expected'), width: 1.4, dash: [5, 4], points: none },
        { stroke: colour('value'), width: 1.5, points: { size: 4, ...fill('value'), filter: lonely } },
        { stroke: 'transparent', points: { show: true, size: 6, ...fill('alarm'), width: 1 } },
      ],
      bands: [{ series: [2, 1], fill: colour('band') }],
      hooks: {
        ...options.hooks,
        drawAxes: [
          (u) => {
            drawLimits(u, limits());
            drawMarks(u, marks());
            if (name) drawName(u, name);
          },
        ],
      },
    },
    /** @type {any} */ ([[], [], [], [], [], []]),
    parent,
  );
}

/** Series over each other share an axis where they share a unit; there is room for two. */
const MOST_AXES = 2;

/**
 * Several series over each other.
 * @param {HTMLElement} parent @param {{ width: number, height: number }} size
 * @param {Mouse & { lines: readonly Axis[] }} chart @returns {uPlot}
 */
export function makeOverlay(parent, size, { lines, zoom, moved }) {
  const units = [...new Set(lines.map(({ unit }) => unit))];
  const scaleOf = (/** @type {string | null} */ unit) => {
    const i = units.indexOf(unit);
    return i === 0 ? 'y' : `y${i}`;
  };
  const axes = units.slice(0, MOST_AXES).map((unit) => ({
    unit,
    decimals: () => Math.max(...lines.filter((line) => line.unit === unit).map(({ decimals }) => decimals())),
  }));
  return new uPlot(
    {
      ...common(size, axes, { zoom, moved }),
      scales: {
        x: { time: true },
        ...Object.fromEntries(
          units.map((unit) => [
            scaleOf(unit),
            {
              range: (/** @type {uPlot} */ _, /** @type {number} */ min, /** @type {number} */ max) =>
                around(min, max),
            },
          ]),
        ),
      },
      series: [
        {},
        ...lines.map(({ unit }, i) => ({
          scale: scaleOf(unit),
          stroke: lineColour(i),
          width: 1.5,
          points: { size: 4, fill: lineColour(i), stroke: lineColour(i), filter: lonely },
        })),
      ],
    },
    /** @type {any} */ ([[], ...lines.map(() => [])]),
    parent,
  );
}

/** Of the lines of an overlay, told apart also by who sees few colours. @param {number} i */
export const lineColour = (i) => colour(`line-${i % 6}`);

/** Points between two gaps, which no line shows. @param {uPlot} u @param {number} at the series @param {boolean} show whether all are shown @returns {number[] | null} */
function lonely(u, at, show) {
  if (show) return null;
  const values = /** @type {(number | null)[]} */ (u.data[at]);
  return values.flatMap((v, i) =>
    v !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? [i] : [],
  );
}

/**
 * Some room above and below, also around a constant, and for a limit that is near.
 * @param {number | null} min @param {number | null} max @param {readonly number[]} [limits] @returns {[number, number]}
 */
function around(min, max, limits = []) {
  if (min === null || max === null) return [0, 1];
  const near = (max - min) * 0.6;
  const close = limits.filter((limit) => limit >= min - near && limit <= max + near);
  const [low, high] = [Math.min(min, ...close), Math.max(max, ...close)];
  const room = (high - low) * 0.08 || Math.max(Math.abs(high) * 0.02, 0.5);
  return [low - room, high + room];
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

/** What raises an alert when it is passed. @param {uPlot} u @param {readonly number[]} limits */
function drawLimits(u, limits) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = colour('alarm');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const limit of limits) {
    const y = u.valToPos(limit, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** @param {uPlot} u @param {string} name */
function drawName(u, name) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = colour('ink');
  ctx.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  ctx.fillText(name, bbox.left + 6 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
  ctx.restore();
}
