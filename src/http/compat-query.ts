/** The parameters of the legacy routes. What is wrong with one is said in one Spanish sentence that names it. */
import type { Request } from 'express';
import { nameProblem } from '../domain/name.ts';
import type { SeriesId } from '../domain/series.ts';
import { InvalidInput } from '../errors.ts';
import { queryParameter } from './query-parameter.ts';

/** What Python's float() takes, without nan, infinity and digit separators. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const DEFAULT_LIMIT = 1_000;
const MAX_LIMIT = 100_000;

/** The number in `dato`; space around it is ignored. @throws InvalidInput */
export function readDato(request: Request): number {
  const text = single(request, 'dato');
  if (text === null) throw new InvalidInput('dato', 'Falta el parámetro dato, por ejemplo ?dato=21.5.');
  const trimmed = text.trim();
  const value = NUMBER.test(trimmed) ? Number(trimmed) : Number.NaN;
  if (!Number.isFinite(value)) {
    throw new InvalidInput('dato', 'El parámetro dato debe ser un número finito, por ejemplo 21.5.');
  }
  // Adding 0 turns -0 into 0: the two are equal but not the same to every store.
  return value + 0;
}

/** The series a legacy route works on: `sensor`, by default `manual`, and always its temperature. @throws InvalidInput */
export function readSeries(request: Request, maxNameBytes: number): SeriesId {
  const sensor = single(request, 'sensor') ?? 'manual';
  if (nameProblem(sensor, maxNameBytes) !== null) {
    throw new InvalidInput(
      'sensor',
      `El parámetro sensor debe tener de 1 a ${maxNameBytes} bytes y ningún carácter de control.`,
    );
  }
  return { sensor, metric: 'temperature' };
}

/** How many readings `/listar` shows. @throws InvalidInput */
export function readLimit(request: Request): number {
  const text = single(request, 'limit');
  if (text === null) return DEFAULT_LIMIT;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw new InvalidInput('limit', `El parámetro limit debe ser un número entero de 1 a ${MAX_LIMIT}.`);
  }
  return limit;
}

/** Whether the JSON twin is asked for. `format` wins over the Accept header. @throws InvalidInput */
export function readWantsJson(request: Request): boolean {
  const format = single(request, 'format');
  if (format === null) return acceptsJson(request);
  if (format !== 'json' && format !== 'html') {
    throw new InvalidInput('format', 'El parámetro format debe ser html o json.');
  }
  return format === 'json';
}

/** Whether the client prefers JSON to HTML by its Accept header. */
export function acceptsJson(request: Request): boolean {
  const accept = request.headers.accept;
  return accept !== undefined && accept !== '*/*' && request.accepts(['html', 'json']) === 'json';
}

function single(request: Request, name: string): string | null {
  const parameter = queryParameter(request, name);
  switch (parameter.kind) {
    case 'absent':
      return null;
    case 'value':
      return parameter.text;
    case 'repeated':
      throw new InvalidInput(name, `El parámetro ${name} debe aparecer una sola vez.`);
    case 'malformed':
      throw new InvalidInput(name, `El parámetro ${name} no está bien codificado en la URL.`);
  }
}
