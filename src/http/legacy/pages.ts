/**
 * The pages of the legacy routes, word for word as the replaced system showed them, in Spanish. Numbers are printed as
 * Python prints them, except on `/listar`, which shows the shortest form.
 */

import type { StaticVerdict } from '../../domain/outcome.ts';
import type { Sample } from '../../domain/reading.ts';
import { escapeHtml, htmlPage } from '../html.ts';
import { pythonFloat } from './python-float.ts';
import { utcText } from './utc-text.ts';

/** `/nuevo`. @param unit of the metric, '' for none */
export function storedPage(value: number, unit: string, storedInRedis: boolean): string {
  return page([
    received(value, unit),
    `<p>Se ha agregado ${storedInRedis ? 'al Redis ' : ''}correctamente!</p>`,
  ]);
}

export interface Detection {
  readonly value: number;
  readonly verdict: StaticVerdict;
  /** The newest W values, oldest first; the last one is `value`. */
  readonly recent: readonly number[];
}

/** `/detectar`, for a series with enough history. */
export function detectionPage({ value, verdict, recent }: Detection, unit: string): string {
  const lines = [
    received(value, unit),
    `<p>${verdict.anomaly ? 'Anomalia detectada!' : 'No se detectaron anomalías.'}</p>`,
    `<p>Error: ${pythonFloat(verdict.error)}</p>`,
  ];
  if (verdict.anomaly) lines.push(`<p>Prediccion : ${pythonFloat(verdict.expected)}</p>`);
  lines.push('<p>Últimos valores recibidos:</p>');
  lines.push(`<ul>${recent.map((each) => `<li>${pythonFloat(each)}</li>`).join('')}</ul>`);
  // Behind all that the replaced system showed: its clients find everything in its place.
  lines.push(`<p>Umbral: ${pythonFloat(verdict.threshold)}</p>`);
  return page(lines);
}

/** `/detectar`, for a series with fewer than W values before this one. */
export function tooLittleHistoryPage(value: number, unit: string, stored: number, needed: number): string {
  return page([received(value, unit), `<p>No hay suficientes datos: ${stored} de ${needed}</p>`]);
}

/** `/listar`. Built as one string because it is the largest page by far. @param pages of the samples, oldest first */
export async function listPage(
  hostname: string,
  unit: string,
  pages: AsyncIterable<readonly Sample[]>,
): Promise<string> {
  const shownUnit = escapeHtml(unit);
  const end = unit === '' ? '</td></tr>\n' : ` ${shownUnit}</td></tr>\n`;
  const time = utcText();
  let rows = '';
  for await (const page of pages)
    for (const { ts, value } of page) rows += `<tr><td>${time(ts)}</td><td>${value}${end}`;
  return page([
    `<p>Hostname : ${escapeHtml(hostname)}</p>`,
    `<table>\n<thead><tr><th>Timestamp</th><th>Value${unit === '' ? '' : ` (${shownUnit})`}</th></tr></thead>`,
    `<tbody>\n${rows}</tbody>\n</table>`,
  ]);
}

/** Any refusal. @param message one Spanish sentence, plain text */
export function refusalPage(message: string): string {
  return page([`<p>${escapeHtml(message)}</p>`]);
}

/**
 * Asks before a value is stored. A browser may open an address without its visitor: by a link, a preview, or a restored tab.
 * @param address path and query of the request; the link of this page sends the same request again
 */
export function confirmationPage(address: string): string {
  return page([
    '<p>El valor todavía no se ha guardado.</p>',
    `<p><a href="${escapeHtml(address)}">Guardar</a></p>`,
  ]);
}

function received(value: number, unit: string): string {
  return `<p>Temperatura recibida: ${pythonFloat(value)}${escapeHtml(unit)}</p>`;
}

function page(lines: readonly string[]): string {
  return htmlPage('es', 'Vigía', lines.join('\n'));
}
