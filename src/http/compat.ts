/**
 * The three routes of the replaced system, `/nuevo`, `/listar` and `/detectar`, for clients that still call them: the same
 * Spanish texts as HTML pages, and each with a JSON twin (`Accept: application/json` or `format=json`). They write through
 * the same pipeline as everything else. Two write on GET, as they always did, so nothing may cache them, and HEAD, which by
 * convention changes nothing, is refused there.
 */
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import type { Outcome } from '../domain/outcome.ts';
import type { Reading } from '../domain/reading.ts';
import type { SeriesId } from '../domain/series.ts';
import { InvalidInput, StoreUnavailable } from '../errors.ts';
import { readQuery } from './api-query.ts';
import { detectionPage, listPage, refusalPage, storedPage, tooLittleHistoryPage } from './compat-page.ts';
import {
  type detectionAnswer,
  inSpanish,
  type listAnswer,
  listQuery,
  type storedAnswer,
  writeQuery,
} from './compat-schema.ts';
import { refuseForeignPages } from './cross-origin.ts';
import { type ErrorAnswer, errorBody, errorHandler, RequestRefused } from './error-answer.ts';
import type { HttpOptions } from './http-options.ts';
import { ListCache } from './list-cache.ts';
import { queryParameter } from './query-parameter.ts';
import { unitOf } from './unit.ts';

type CompatOptions = Pick<
  HttpOptions,
  'store' | 'submit' | 'logger' | 'hostname' | 'units' | 'maxNameBytes' | 'corsOrigins'
>;

/** @param guards run before every route */
export function compatRoutes(options: CompatOptions, guards: readonly RequestHandler[]): Router {
  const { store, hostname } = options;
  const router = Router();
  const ofWrite = writeQuery(options.maxNameBytes);
  const ofList = listQuery(options.maxNameBytes);
  const lists = new ListCache(store.series);
  const unit = ({ metric }: SeriesId) => unitOf(options.units, metric) ?? '';

  router.use(['/nuevo', '/listar', '/detectar'], (request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', Vary: 'Accept' });
    const reads = request.baseUrl.toLowerCase() === '/listar';
    if (request.method === 'GET' || (reads && request.method === 'HEAD')) {
      next();
      return;
    }
    response.set('Allow', reads ? 'GET, HEAD' : 'GET');
    const message = reads ? 'Esta ruta solo admite GET y HEAD.' : 'Esta ruta solo admite GET.';
    throw new RequestRefused(405, 'method_not_allowed', message);
  });
  router.use(['/nuevo', '/listar', '/detectar'], ...guards);
  router.use(
    ['/nuevo', '/detectar'],
    refuseForeignPages(() => options.corsOrigins, 'Esta ruta no admite datos de páginas de otros sitios.'),
  );

  router.get('/nuevo', async (request, response) => {
    const { format, sensor, dato } = readQuery(request, ofWrite, inSpanish);
    const series = seriesOf(sensor);
    const { reading } = await submitOne(options, response, series, dato);
    if (isJson(request, format)) response.json(stored(reading));
    else sendPage(response, storedPage(reading.value, unit(series), store.kind === 'redis'));
  });

  router.get('/listar', async (request, response) => {
    const { format, sensor, limit } = readQuery(request, ofList, inSpanish);
    const series = seriesOf(sensor);
    const asJson = isJson(request, format);
    const shown = unit(series);
    const body = await lists.body(series, limit, asJson ? 'json' : `html ${shown}`, (samples) => {
      if (!asJson) return listPage(hostname, shown, samples);
      const readings = samples.map(({ ts, value }) => ({ ts, value }));
      return JSON.stringify({ hostname, readings } satisfies z.infer<typeof listAnswer>);
    });
    response.type(asJson ? 'json' : 'html').send(body);
  });

  router.get('/detectar', async (request, response) => {
    const { format, sensor, dato } = readQuery(request, ofWrite, inSpanish);
    const series = seriesOf(sensor);
    const outcome = await submitOne(options, response, series, dato);
    if (outcome.status === 'duplicate') {
      // The commit was made by an earlier try whose answer got lost, and its verdict with it.
      throw new StoreUnavailable(`the verdict of the reading at ${outcome.reading.ts} is not known`);
    }
    const { reading, static: verdict, window, needed } = outcome;
    const recent = [...window, reading.value].slice(-needed);
    if (isJson(request, format)) {
      response.json({
        ...stored(reading),
        anomaly: verdict?.anomaly ?? null,
        error: verdict?.error ?? null,
        expected: verdict?.expected ?? null,
        window: recent,
      } satisfies z.infer<typeof detectionAnswer>);
    } else if (verdict === null) {
      sendPage(response, tooLittleHistoryPage(reading.value, unit(series), window.length, needed));
    } else {
      sendPage(response, detectionPage({ value: reading.value, verdict, recent }, unit(series)));
    }
  });

  router.use(
    errorHandler(options.logger, (answer, request, response) => {
      const message = spanishMessage(answer);
      if (isJson(request, formatOf(request))) response.json(errorBody({ ...answer, message }));
      else sendPage(response, refusalPage(message));
    }),
  );
  return router;
}

/** The series a legacy route works on: always a temperature. */
function seriesOf(sensor: string): SeriesId {
  return { sensor, metric: 'temperature' };
}

function stored({ sensor, ts, value }: Reading): z.infer<typeof storedAnswer> {
  return { sensor, ts, value };
}

type Stored = Extract<Outcome, { readonly reading: Reading }>;

async function submitOne(
  { submit }: CompatOptions,
  response: Response,
  series: SeriesId,
  value: number,
): Promise<Stored> {
  const [outcome] = await submit([{ ...series, value }], response.get('X-Request-Id'));
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

/** Messages of 4xx errors raised by the routes themselves are Spanish already. */
function spanishMessage(answer: ErrorAnswer): string {
  if (answer.status === 503) {
    return 'El almacén de datos no está disponible en este momento; inténtelo de nuevo más tarde.';
  }
  if (answer.code === 'unauthorized') {
    return 'Esta ruta necesita el token, por ejemplo ?token=… o la cabecera Authorization: Bearer ….';
  }
  if (answer.code === 'rate_limited') {
    return `Demasiadas peticiones; inténtelo de nuevo dentro de ${answer.retryAfter} s.`;
  }
  return answer.status >= 500 ? 'Se ha producido un error interno.' : answer.message;
}

/** Whether the JSON twin is asked for: by `format`, else where the Accept header prefers it to HTML. */
function isJson(request: Request, format: 'html' | 'json' | undefined): boolean {
  if (format !== undefined) return format === 'json';
  const { accept } = request.headers;
  return accept !== undefined && accept !== '*/*' && request.accepts(['html', 'json']) === 'json';
}

/** For errors, where the query may be what is wrong. */
function formatOf(request: Request): 'html' | 'json' | undefined {
  const given = queryParameter(request, 'format');
  return given.kind === 'value' && (given.text === 'json' || given.text === 'html') ? given.text : undefined;
}

function sendPage(response: Response, html: string): void {
  response.type('html').send(html);
}
