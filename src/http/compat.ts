/**
 * The three routes of the replaced system, `/nuevo`, `/listar` and `/detectar`, for clients that still call them: the same
 * Spanish texts as HTML pages, and each with a JSON twin (`Accept: application/json` or `format=json`). They write through
 * the same pipeline as everything else. They write on GET, as they always did, so nothing may cache them, and HEAD, which
 * by convention changes nothing, is refused.
 */
import { type Request, type Response, Router } from 'express';
import type { Reading } from '../domain/reading.ts';
import type { SeriesId } from '../domain/series.ts';
import { InvalidInput, StoreUnavailable } from '../errors.ts';
import type { Outcome } from '../pipeline/outcome.ts';
import { detectionPage, listPage, refusalPage, storedPage, tooLittleHistoryPage } from './compat-page.ts';
import { acceptsJson, readDato, readLimit, readSeries, readWantsJson } from './compat-query.ts';
import { type ErrorAnswer, errorBody, errorHandler, RequestRefused } from './error-answer.ts';
import { type HttpOptions, unitOf } from './http-options.ts';

type CompatOptions = Pick<HttpOptions, 'store' | 'submit' | 'logger' | 'hostname' | 'units' | 'maxNameBytes'>;

export function compatRoutes(options: CompatOptions): Router {
  const { store, hostname } = options;
  const router = Router();
  const unit = ({ metric }: SeriesId) => unitOf(options.units, metric) ?? '';

  router.use(['/nuevo', '/listar', '/detectar'], (request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', Vary: 'Accept' });
    if (request.method === 'GET') {
      next();
      return;
    }
    response.set('Allow', 'GET');
    throw new RequestRefused(405, 'method_not_allowed', 'Esta ruta solo admite GET.');
  });

  router.get('/nuevo', async (request, response) => {
    const { json, series, value } = readWrite(request, options.maxNameBytes);
    const { reading } = await submitOne(options, series, value);
    if (json) response.json({ sensor: reading.sensor, ts: reading.ts, value: reading.value });
    else sendPage(response, storedPage(reading.value, unit(series), store.kind === 'redis'));
  });

  router.get('/listar', async (request, response) => {
    const json = readWantsJson(request);
    const series = readSeries(request, options.maxNameBytes);
    const samples = await store.range(series, 0, Number.MAX_SAFE_INTEGER, readLimit(request));
    if (json) response.json({ hostname, readings: samples.map(({ ts, value }) => ({ ts, value })) });
    else sendPage(response, listPage(hostname, unit(series), samples));
  });

  router.get('/detectar', async (request, response) => {
    const { json, series, value } = readWrite(request, options.maxNameBytes);
    const outcome = await submitOne(options, series, value);
    if (outcome.status === 'duplicate') {
      // The commit was made by an earlier try whose answer got lost, and its verdict with it.
      throw new StoreUnavailable(`the verdict of the reading at ${outcome.reading.ts} is not known`);
    }
    const { reading, static: verdict, window, needed } = outcome;
    const recent = [...window, reading.value].slice(-needed);
    if (json) {
      response.json({
        sensor: reading.sensor,
        ts: reading.ts,
        value: reading.value,
        anomaly: verdict?.anomaly ?? null,
        error: verdict?.error ?? null,
        expected: verdict?.expected ?? null,
        window: recent,
      });
    } else if (verdict === null) {
      sendPage(response, tooLittleHistoryPage(reading.value, unit(series), window.length, needed));
    } else {
      sendPage(response, detectionPage({ value: reading.value, verdict, recent }, unit(series)));
    }
  });

  router.use(
    errorHandler(options.logger, (answer, request, response) => {
      const message = inSpanish(answer);
      if (jsonForError(request)) response.json(errorBody({ ...answer, message }));
      else sendPage(response, refusalPage(message));
    }),
  );
  return router;
}

function readWrite(request: Request, maxNameBytes: number) {
  return {
    json: readWantsJson(request),
    series: readSeries(request, maxNameBytes),
    value: readDato(request),
  };
}

type Stored = Extract<Outcome, { readonly reading: Reading }>;

async function submitOne({ submit }: CompatOptions, series: SeriesId, value: number): Promise<Stored> {
  const [outcome] = await submit([{ ...series, value }]);
  switch (outcome?.status) {
    case 'committed':
    case 'duplicate':
      return outcome;
    case 'rejected':
      throw new InvalidInput('dato', `El valor de dato no se puede guardar (${outcome.reason}).`);
    case 'busy':
      throw new RequestRefused(
        429,
        'busy',
        'Llegan demasiados valores a la vez; inténtelo de nuevo en un segundo.',
        { retryAfter: 1 },
      );
    case undefined:
      throw new Error('the pipeline returned no outcome');
  }
}

/** Messages of 4xx errors raised here are Spanish already. */
function inSpanish(answer: ErrorAnswer): string {
  if (answer.status === 503) {
    return 'El almacén de datos no está disponible en este momento; inténtelo de nuevo más tarde.';
  }
  return answer.status >= 500 ? 'Se ha producido un error interno.' : answer.message;
}

function jsonForError(request: Request): boolean {
  try {
    return readWantsJson(request);
  } catch {
    return acceptsJson(request);
  }
}

function sendPage(response: Response, html: string): void {
  response.type('html').send(html);
}
