/** The chart of the chosen series, and the same as text: heading, summary, table. */
import { alertsOf } from './alerts.js';
import { addReading, emptyChart, forget, readChart } from './chart-data.js';
import { choose, series } from './sensors.js';
import { about, currentLanguage, moment, number, quantity, stateName, text } from './text.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** @type {[string, number][]} */
const RANGES = [
  ['5 min', 5 * MINUTE],
  ['15 min', 15 * MINUTE],
  ['1 h', HOUR],
  ['6 h', 6 * HOUR],
  ['1 d', DAY],
  ['7 d', 7 * DAY],
  ['30 d', 30 * DAY],
  ['1 y', 365 * DAY],
];
const TABLE_ROWS = 30;
const LEAST_SPAN = 10_000;

const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const plot = at('plot');
const ranges = at('ranges');
const followButton = at('follow');

let key = '';
let span = 15 * MINUTE;
/** @type {[number, number] | null} a part that was zoomed to; null follows the newest readings */
let zoom = null;
let data = emptyChart(false);
/** @type {uPlot | null} */
let chart = null;
let generation = 0;
let frame = 0;
let loading = 0;
let spoken = 0;

/** @param {string} name @returns {string} a colour of the theme */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** @returns {[number, number]} ms */
function shown() {
  if (zoom) return zoom;
  const last = series.get(key)?.last?.t ?? Date.now();
  const now = Date.now();
  // Recorded data ends in the past, a sensor's clock may be ahead.
  const end = last > now || now - last > span ? last : now;
  return [end - span, end];
}

/** @returns {number} ms between readings, as far as is known */
function interval() {
  const points = series.get(key)?.points ?? [];
  const first = points[0];
  const last = points.at(-1);
  return first && last && points.length > 1 ? Math.max(1, (last.t - first.t) / (points.length - 1)) : 1000;
}

/** Shows another series; the empty key none. @param {string} chosen */
export function showSeries(chosen) {
  key = chosen;
  zoom = null;
  choose(key);
  data = emptyChart(false);
  void reload();
}

export const chosenKey = () => key;

/** Reads the data of the time shown. */
export async function reload() {
  const mine = ++generation;
  const one = series.get(key);
  describe();
  if (!one) {
    draw();
    return;
  }
  const [from, to] = shown();
  const path = `/api/series/${encodeURIComponent(one.sensor)}/${encodeURIComponent(one.metric)}`;
  try {
    const read = await readChart(path, from, zoom ? to : Math.max(to, Date.now()), interval());
    if (mine !== generation) return;
    // Readings that came while this was on its way.
    const newest = read.t.at(-1) ?? -1;
    if (!zoom)
      data.t.forEach((t, i) => {
        if (t > newest)
          addReading(
            read,
            t,
            /** @type {number} */ (data.value[i]),
            data.expected[i] ?? null,
            data.score[i] ?? null,
          );
      });
    data = read;
  } catch {
    if (mine !== generation) return;
  }
  draw();
}

/** @param {{ t: number, v: number, expected: number | null, score: number | null }} reading of the chosen series */
export function takeChartReading({ t, v, expected, score }) {
  if (!zoom) {
    if (data.bucketed && loading === 0)
      loading = setTimeout(() => {
        loading = 0;
        void reload();
      }, 15_000);
    else addReading(data, t, v, expected, score);
  }
  if (frame === 0)
    frame = requestAnimationFrame(() => {
      frame = 0;
      describe();
      draw();
    });
}

/** Draws what is there. */
export function draw() {
  const one = series.get(key);
  for (const id of ['legend', 'table', 'readout']) at(id).hidden = !one || data.t.length === 0;
  at('no-chart').hidden = one !== undefined && data.t.length > 0;
  at('no-chart').textContent = one ? text().nothing : text().choose;
  followButton.hidden = zoom === null;
  ranges.hidden = !one;
  if (!one || data.t.length === 0) {
    chart?.destroy();
    chart = null;
    summarize();
    return;
  }
  const [from, to] = shown();
  if (!zoom) forget(data, from);
  const columns = [data.t.map((t) => t / 1000), data.low, data.high, data.expected, data.value, data.anomaly];
  chart ??= makeChart(one.unit);
  chart.batch(() => {
    chart?.setData(/** @type {any} */ (columns), false);
    chart?.setScale('x', { min: from / 1000, max: to / 1000 });
  });
  at('legend-band').textContent = data.bucketed ? text().minmax : text().band;
  for (const kind of ['.k-expected', '.k-anomaly']) {
    /** @type {HTMLElement} */ (at('legend').querySelector(kind)).hidden = data.bucketed;
  }
  readout(null);
  // A screen reader is not to be told every second.
  if (Date.now() - spoken > 10_000) summarize();
  if (/** @type {HTMLDetailsElement} */ (at('table')).open) table(one.unit);
}

/** @param {string | null} unit @returns {uPlot} */
function makeChart(unit) {
  const axis = {
    stroke: colour('soft'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { stroke: colour('grid'), width: 1 },
  };
  const none = { show: false };
  const made = new uPlot(
    {
      ...size(),
      legend: { show: false },
      cursor: { points: { size: 7 }, drag: { x: true, y: false, setScale: false } },
      scales: { x: { time: true }, y: { range: (_, min, max) => around(min, max) } },
      axes: [
        {
          ...axis,
          space: 64,
          values: (_, ticks, __, ___, step) => ticks.map((tick) => tickLabel(tick * 1000, step)),
        },
        {
          ...axis,
          size: 62,
          label: unit ?? '',
          labelFont: axis.font,
          labelSize: unit ? 18 : 0,
          values: (_, ticks) => ticks.map(number),
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
          points: { size: 4, fill: colour('value'), stroke: colour('value') },
        },
        {
          stroke: 'transparent',
          points: { show: true, size: 6, fill: colour('alarm'), stroke: colour('alarm'), width: 1 },
        },
      ],
      bands: [{ series: [2, 1], fill: colour('band') }],
      hooks: {
        setCursor: [(u) => readout(u.cursor.idx ?? null)],
        setSelect: [zoomTo],
        drawClear: [markAlerts],
      },
    },
    /** @type {any} */ ([[], [], [], [], [], []]),
    plot,
  );
  return made;
}

/** Some room above and below, also around a constant. @param {number | null} min @param {number | null} max @returns {[number, number]} */
function around(min, max) {
  if (min === null || max === null) return [0, 1];
  const room = (max - min) * 0.08 || Math.max(Math.abs(max) * 0.02, 0.5);
  return [min - room, max + room];
}

/** @param {number} t ms @param {number} step s */
function tickLabel(t, step) {
  /** @type {Intl.DateTimeFormatOptions} */
  const format =
    step >= 86_400
      ? { day: 'numeric', month: 'short' }
      : step >= 60
        ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
        : { timeStyle: 'medium', hourCycle: 'h23' };
  if (step < 86_400 && new Date(t).getHours() + new Date(t).getMinutes() + new Date(t).getSeconds() === 0)
    return new Date(t).toLocaleDateString(currentLanguage(), { day: 'numeric', month: 'short' });
  return new Date(t).toLocaleString(currentLanguage(), format);
}

/** The times of alerts, behind the lines: also where only averages are shown. @param {uPlot} u */
function markAlerts(u) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.fillStyle = colour('alarm');
  for (const { ts } of alertsOf(key)) {
    const x = u.valToPos(ts / 1000, 'x', true);
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

/** @param {uPlot} u */
function zoomTo(u) {
  const { left, width } = u.select;
  if (width < 4) return;
  const [from, to] = [u.posToVal(left, 'x') * 1000, u.posToVal(left + width, 'x') * 1000];
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (to - from < LEAST_SPAN) return;
  zoom = [from, to];
  showRanges();
  void reload();
}

/** @param {number | null} index the point under the cursor; null: the newest */
function readout(index) {
  const i = index ?? data.t.length - 1;
  const t = data.t[i];
  const v = data.value[i];
  if (t === undefined || typeof v !== 'number') return;
  const unit = series.get(key)?.unit ?? null;
  const [expected, score] = [data.expected[i], data.score[i]];
  const parts = [moment(t), quantity(v, unit)];
  if (typeof expected === 'number') parts.push(text().forecastOf(about(expected, unit)));
  if (typeof score === 'number') parts.push(text().scoreOf(number(Math.round(score * 100) / 100)));
  at('readout').textContent = parts.join(' · ');
}

/** Heading: which series, its last value and state. */
export function describe() {
  const one = series.get(key);
  at('chart-title').textContent = one ? `${one.sensor} · ${one.metric}` : text().noChoice;
  const now = at('chart-now');
  now.textContent = one?.last ? quantity(one.last.v, one.unit) : '';
  if (!one) return;
  const mark = document.createElement('span');
  mark.className = 'state';
  mark.dataset.state = one.state === 'missing' ? 'silent' : one.state;
  mark.textContent = stateName(one.state);
  now.append(mark);
}

function summarize() {
  spoken = Date.now();
  const values = data.value.filter((v) => v !== null);
  const unit = series.get(key)?.unit ?? null;
  const [min, max] = values.reduce(
    ([low, high], v) => [Math.min(low, v), Math.max(high, v)],
    [Infinity, -Infinity],
  );
  const anomalies = data.anomaly.filter((v) => v !== null).length;
  at('chart-summary').textContent =
    values.length === 0
      ? ''
      : text().summary(number(values.length), quantity(min, unit), quantity(max, unit), number(anomalies));
}

/** @param {string | null} unit */
function table(unit) {
  const body = at('table-rows');
  body.replaceChildren();
  for (let i = data.t.length - 1; i >= Math.max(0, data.t.length - TABLE_ROWS); i--) {
    const row = document.createElement('tr');
    const [t, v, expected, score] = [data.t[i], data.value[i], data.expected[i], data.score[i]];
    const cells = [
      moment(t ?? 0),
      typeof v === 'number' ? quantity(v, unit) : '',
      typeof expected === 'number' ? about(expected, unit) : '',
      typeof score === 'number' ? number(Math.round(score * 100) / 100) : '',
    ];
    for (const content of cells) {
      const cell = document.createElement('td');
      cell.textContent = content;
      row.append(cell);
    }
    body.append(row);
  }
}

function size() {
  const style = getComputedStyle(plot);
  const padding = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
  // Empty it is not displayed and has no size of its own.
  const width = (at('detail').clientWidth || 600) - padding;
  return { width, height: matchMedia('(max-width: 48rem)').matches ? 240 : 336 };
}

export function showRanges() {
  if (ranges.childElementCount === 0) {
    for (const [, width] of RANGES) {
      const button = document.createElement('button');
      button.type = 'button';
      button.addEventListener('click', () => {
        span = width;
        zoom = null;
        showRanges();
        void reload();
      });
      ranges.append(button);
    }
  }
  RANGES.forEach(([label, width], i) => {
    const button = /** @type {Element} */ (ranges.children[i]);
    button.textContent = label === '1 y' ? text().year : label;
    button.setAttribute('aria-pressed', String(zoom === null && width === span));
  });
}

/** After a change of theme, language or alerts. */
export function redrawChart() {
  chart?.destroy();
  chart = null;
  spoken = 0;
  showRanges();
  describe();
  draw();
}

followButton.addEventListener('click', () => {
  zoom = null;
  showRanges();
  at('chart-title').focus();
  void reload();
});
at('table').addEventListener('toggle', () => table(series.get(key)?.unit ?? null));
new ResizeObserver(() => chart?.setSize(size())).observe(at('detail'));
