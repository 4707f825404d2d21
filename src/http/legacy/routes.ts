/**
 * The three routes of the replaced system, `/nuevo`, `/listar` and `/detectar`, for clients that still call them. Each answers
 * with the same Spanish texts on an HTML page, or with JSON (`Accept: application/json` or `format=json`). Values go through
 * the same pipeline as all other readings. `/nuevo` and `/detectar` write on GET, as they always did.
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Outcome } from '../../domain/outcome.ts';
import type { Reading, Sample } from '../../domain/reading.ts';
import type { SeriesId } from '../../domain/series.ts';
import { InvalidInput, StoreUnavailable } from '../../errors.ts';
import type { HttpOptions } from '../http-options.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { route, SENT } from '../route.ts';
import { ListCache } from './list-cache.ts';
import { detectionPage, listPage, storedPage, tooLittleHistoryPage } from './pages.ts';
import { DEFAULT_SENSOR, listQuery, writeQuery } from './queries.ts';

const storedAnswer = z.object({ sensor: z.string(), ts: z.int(), value: z.number() });

const listAnswer = z.object({
  hostname: z.string(),
  readings: z.array(z.object({ ts: z.int(), value: z.number() })),
});

/** `anomaly`, `error`, `expected` and `threshold` are null while there are too few values before this one. */
const detectionAnswer = storedAnswer.extend({
  anomaly: z.boolean().nullable(),
  error: z.number().nullable(),
  expected: z.number().nullable(),
  window: z.array(z.number()),
  threshold: z.number().nullable().meta({ description: 'the error from which on a value is an anomaly' }),
});

type Options = Pick<HttpOptions, 'store' | 'submit' | 'hostname' | 'labels' | 'maxNameBytes'>;

export const legacyRoutes = (options: Options) => [
  storeValue(options),
  listValues(options),
  storeAndJudgeValue(options),
];

const storeValue = (options: Options) =>
  route({
    method: 'GET',
    path: '/nuevo',
    tag: 'legacy',
    legacy: true,
    writes: true,
    storesReadings: true,
    summary: 'Store a value; a Spanish page, or JSON',
    access: 'operator',
    query: writeQuery(options.maxNameBytes),
    answer: storedAnswer,
    otherTypes: ['text/html'],
    errors: [400, 429, 503],
    async handler({ query: { format, sensor, dato }, request, response, requestId }) {
      const series = seriesOf(sensor);
      const { reading } = await submitOne(options, requestId, series, dato);
      if (isJson(request, format)) return stored(reading);
      const page = storedPage(reading.value, shownUnit(options, series), options.store.kind === 'redis');
      return sendPage(response, page);
    },
  });

const listValues = (options: Options) => {
  const lists = new ListCache(options.store);
  const { hostname } = options;
  return route({
    method: 'GET',
    path: '/listar',
    tag: 'legacy',
    legacy: true,
    summary: 'The newest values; a Spanish page, or JSON',
    access: 'viewer',
    readsMuch: true,
    query: listQuery(options.maxNameBytes),
    answer: listAnswer,
    otherTypes: ['text/html'],
    errors: [400, 404, 429, 503],
    async handler({ query: { format, sensor, metric, limit }, request, response }) {
      const series = seriesOf(sensor, metric);
      const named = sensor !== undefined || metric !== undefined;
      let empty = false;
      const asJson = isJson(request, format);
      const unit = shownUnit(options, series);
      const list = { series, limit, as: asJson ? 'json' : `html ${unit}`, client: request.ip ?? '' };
      const body = await lists.body(list, async (pages) => {
        empty = true;
        const seen = async function* () {
          for await (const page of pages) {
            if (page.length > 0) empty = false;
            yield page;
          }
        };
        return asJson ? listJson(hostname, seen()) : listPage(hostname, unit, seen());
      });
      // A series whose readings have all gone with RETENTION is known.
      if (empty && named && !(await options.store.series.load([series]))[0]) throw unknownSeries(series);
      response.type(asJson ? 'json' : 'html').send(body);
      return SENT;
    },
  });
};

const storeAndJudgeValue = (options: Options) =>
  route({
    method: 'GET',
    path: '/detectar',
    tag: 'legacy',
    legacy: true,
    writes: true,
    storesReadings: true,
    summary: 'Store a value and say whether the static rule finds it anomalous; a Spanish page, or JSON',
    access: 'operator',
    query: writeQuery(options.maxNameBytes),
    answer: detectionAnswer,
    otherTypes: ['text/html'],
    errors: [400, 429, 503],
    async handler({ query: { format, sensor, dato }, request, response, requestId }) {
      const series = seriesOf(sensor);
      const outcome = await submitOne(options, requestId, series, dato);
      if (outcome.status === 'duplicate') {
        // An earlier try has committed the reading. The answer with the verdict was lost.
        throw new StoreUnavailable(`the verdict of the reading at ${outcome.reading.ts} is not known`);
      }
      const { reading, static: verdict, window, needed } = outcome;
      const recent = [...window, reading.value].slice(-needed);
      if (isJson(request, format)) {
        return {
          ...stored(reading),
          anomaly: verdict?.anomaly ?? null,
          error: verdict?.error ?? null,
          expected: verdict?.expected ?? null,
          window: recent,
          threshold: verdict?.threshold ?? null,
        };
      }
      const unit = shownUnit(options, series);
      return sendPage(
        response,
        verdict === null
          ? tooLittleHistoryPage(reading.value, unit, window.length, needed)
          : detectionPage({ value: reading.value, verdict, recent }, unit),
      );
    },
  });

/** The JSON of `listAnswer`. */
async function listJson(hostname: string, pages: AsyncIterable<readonly Sample[]>): Promise<string> {
  const parts: string[] = [];
  for await (const page of pages) parts.push(page.map((sample) => JSON.stringify(sample)).join(','));
  return `{"hostname":${JSON.stringify(hostname)},"readings":[${parts.join(',')}]}`;
}

function unknownSeries({ sensor, metric }: SeriesId): RequestRefused {
  return new RequestRefused(404, 'not_found', `No hay lecturas de ${metric} del sensor ${sensor}.`);
}

/** What is stored by a legacy route is always a temperature. */
function seriesOf(sensor = DEFAULT_SENSOR, metric = 'temperature'): SeriesId {
  return { sensor, metric };
}

function shownUnit({ labels }: Options, series: SeriesId): string {
  return labels.unitOf(series) ?? '';
}

function stored({ sensor, ts, value }: Reading): z.output<typeof storedAnswer> {
  return { sensor, ts, value };
}

type Stored = Extract<Outcome, { readonly reading: Reading }>;

async function submitOne(
  { submit }: Options,
  requestId: string,
  series: SeriesId,
  value: number,
): Promise<Stored> {
  const [outcome] = await submit([{ ...series, value }], requestId);
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

/** Whether the client asks for JSON: by `format`, else by an Accept header that prefers JSON to HTML. */
export function isJson(request: Request, format: 'html' | 'json' | undefined): boolean {
  if (format !== undefined) return format === 'json';
  const { accept } = request.headers;
  return accept !== undefined && accept !== '*/*' && request.accepts(['html', 'json']) === 'json';
}

export function sendPage(response: Response, html: string) {
  response.type('html').send(html);
  return SENT;
}
