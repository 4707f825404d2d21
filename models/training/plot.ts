/**
 * What a trained model does to the end of its series, as a picture: actual values, forecasts, and where the static rule
 * would say anomaly. SVG, because it needs no library and every browser shows it.
 */
import type { Artifact } from '../artifact.ts';
import { createModel } from '../lstm-model.ts';

export interface PlotOptions {
  /** The last so many rows that have a forecast; default 1,000. */
  readonly rows?: number;
  /** ms UTC of each value, for the ends of the time axis. */
  readonly timestamps?: ArrayLike<number>;
}

const WIDTH = 1200;
const HEIGHT = 420;
const MARGIN = { left: 70, right: 20, top: 40, bottom: 40 };

interface Row {
  readonly index: number;
  readonly value: number;
  readonly forecast: number;
  readonly anomaly: boolean;
}

/** @returns an SVG document; a series with no more than `window` values gives an empty plot that says so */
export function plotForecasts(artifact: Artifact, values: Float64Array, options: PlotOptions = {}): string {
  const rows = forecastEnd(artifact, values, options.rows ?? 1000);
  const title = `${artifact.name} ${artifact.version}: ${rows.length} values, ${rows.filter((row) => row.anomaly).length} beyond the threshold`;
  const shown = rows.flatMap(({ value, forecast }) => [value, forecast]);
  const low = shown.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = shown.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  // In halves: the ends may be as far apart as doubles get.
  const span = high / 2 - low / 2 || 1;
  const first = rows[0]?.index ?? 0;
  const across = Math.max(rows.length - 1, 1);
  const x = (row: Row) => MARGIN.left + ((row.index - first) / across) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number) => {
    const share = high === low ? 0.5 : (value / 2 - low / 2) / span;
    return HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.top - MARGIN.bottom);
  };
  const line = (of: (row: Row) => number) =>
    rows.map((row) => `${x(row).toFixed(1)},${y(of(row)).toFixed(1)}`).join(' ');
  const time = (row: Row | undefined) => {
    const ts = row && options.timestamps?.[row.index];
    return ts === undefined
      ? row
        ? `row ${row.index}`
        : ''
      : new Date(ts).toISOString().slice(0, 16).replace('T', ' ');
  };
  const text = (left: number, top: number, content: string, more = '') =>
    `<text x="${left}" y="${top}"${more}>${escapeXml(content)}</text>`;
  const bottom = HEIGHT - MARGIN.bottom;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13" fill="#333">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(MARGIN.left, 24, title, ' font-size="15"'),
    `<path d="M${MARGIN.left} ${MARGIN.top}V${bottom}H${WIDTH - MARGIN.right}" fill="none" stroke="#999"/>`,
  ];
  if (rows.length === 0) parts.push(text(MARGIN.left + 20, 100, 'too few values for a forecast'));
  else
    parts.push(
      text(MARGIN.left - 8, MARGIN.top + 5, shorten(high), ' text-anchor="end"'),
      text(MARGIN.left - 8, bottom, shorten(low), ' text-anchor="end"'),
      text(MARGIN.left, bottom + 20, time(rows[0])),
      text(WIDTH - MARGIN.right, bottom + 20, time(rows.at(-1)), ' text-anchor="end"'),
      text(WIDTH - MARGIN.right - 180, 24, '— actual', ' fill="#1f77b4"'),
      text(WIDTH - MARGIN.right - 110, 24, '— forecast', ' fill="#ff7f0e"'),
      `<polyline points="${line((row) => row.value)}" fill="none" stroke="#1f77b4"/>`,
      `<polyline points="${line((row) => row.forecast)}" fill="none" stroke="#ff7f0e" stroke-opacity="0.8"/>`,
      ...rows
        .filter((row) => row.anomaly)
        .map(
          (row) =>
            `<circle cx="${x(row).toFixed(1)}" cy="${y(row.value).toFixed(1)}" r="4" fill="none" stroke="#d62728"/>`,
        ),
    );
  return `${[...parts, '</svg>'].join('\n')}\n`;
}

function forecastEnd(artifact: Artifact, values: Float64Array, most: number): Row[] {
  const model = createModel(artifact);
  const { window } = model;
  const from = Math.max(window, values.length - most);
  const n = Math.max(values.length - from, 0);
  const windows = new Float64Array(n * window);
  for (let row = 0; row < n; row++)
    windows.set(values.subarray(from + row - window, from + row), row * window);
  const forecasts = new Float64Array(n);
  model.forecast(windows, n, forecasts);
  return Array.from(forecasts, (forecast, row) => {
    const value = values[from + row]!;
    return {
      index: from + row,
      value,
      forecast,
      anomaly: Math.abs(value - forecast) > model.threshold(windows, row),
    };
  });
}

function shorten(value: number): string {
  return Number(value.toPrecision(4)).toString();
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
