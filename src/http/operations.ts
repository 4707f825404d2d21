/**
 * Every route of the HTTP server, described once: `/openapi.json` is made from this list, and test/unit/http-openapi.test.ts
 * fails, naming the route, when one is registered and not listed here or listed and not registered.
 *
 * To add a route: put the zod schemas of its query, body and answer into api-schema.ts, validate and type the route with
 * them, and list it here with the same schemas. The test then also wants a real answer of it: add a request to its
 * `REQUESTS`; the answer is validated against the document, where an object has no fields but those of its schema.
 */
import { z } from 'zod';
import {
  acknowledgeRequest,
  alertAnswer,
  alertsQuery,
  busyAnswer,
  chartAnswer,
  chartQuery,
  deadLetterAnswer,
  deadLetterIdsAnswer,
  deadLetterIdsQuery,
  deadLetterSummary,
  deadLettersQuery,
  errorAnswerBody,
  exportQuery,
  healthAnswer,
  logLevelAnswer,
  logLevelRequest,
  pointAnswer,
  rangeQuery,
  readinessAnswer,
  readingSchema,
  readingsAnswer,
  recentAnswer,
  recentQuery,
  removedAnswer,
  removeQuery,
  replayAnswer,
  seriesAnswer,
  seriesQuery,
  statusAnswer,
  streamQuery,
} from './api-schema.ts';
import { detectionAnswer, listAnswer, listQuery, storedAnswer, writeQuery } from './compat-schema.ts';
import {
  modelAnswer,
  modelsAnswer,
  modelTableAnswer,
  scopeQuery,
  seriesModelsAnswer,
  storedModelAnswer,
} from './model-schema.ts';

export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As OpenAPI writes it: `/api/series/{sensor}/{metric}`. Each `{name}` is a text. */
  readonly path: string;
  readonly tag: 'readings' | 'series' | 'alerts' | 'dead letters' | 'models' | 'operation' | 'legacy';
  readonly summary: string;
  /** Writes although it is a GET, as it did in the replaced system: HEAD, which changes nothing by convention, is refused. */
  readonly writes?: boolean;
  /** Open to everybody also where HTTP_TOKEN is set; those tagged `legacy` as HTTP_LEGACY_ACCESS says. */
  readonly open?: boolean;
  /** Its parameters are the schema's input. */
  readonly query?: z.ZodObject;
  /** By media type. */
  readonly body?: Readonly<Record<string, z.ZodType>>;
  /** The answer with status 200: by media type a schema, or null for what JSON Schema cannot describe. */
  readonly answer: Readonly<Record<string, z.ZodType | null>>;
  /** Other statuses; those in `ERRORS` have the error body, 503 of /readyz its own. */
  readonly errors?: readonly (keyof typeof ERRORS)[];
  readonly others?: Readonly<Record<number, { readonly text: string; readonly schema: z.ZodType }>>;
}

export const ERRORS = {
  400: 'a parameter or the body is wrong; `field` names it',
  404: 'there is no such thing',
  413: 'the body, or the list in it, is too large',
  429: 'too many at a time; Retry-After says when to try again',
  503: 'the store cannot be reached; nothing is known to be stored',
} as const;

const json = (schema: z.ZodType) => ({ 'application/json': schema });
const html = { 'text/html': null };

/** @param maxNameBytes longest sensor or metric name, UTF-8 bytes */
export function operations(maxNameBytes: number): readonly Operation[] {
  const reading = readingSchema(maxNameBytes);
  return [
    {
      method: 'post',
      path: '/api/readings',
      tag: 'readings',
      summary: 'Store readings: each is committed, a duplicate, or rejected with its reason',
      body: json(z.union([z.array(reading), reading])),
      answer: json(readingsAnswer),
      errors: [400, 413, 503],
      others: {
        429: { text: 'those rejected as `busy` must be sent again, after Retry-After', schema: busyAnswer },
      },
    },
    {
      method: 'get',
      path: '/api/series',
      tag: 'series',
      summary: 'Every series with its unit, last value and state',
      query: seriesQuery,
      answer: json(z.array(seriesAnswer)),
      errors: [400, 503],
    },
    {
      method: 'get',
      path: '/api/series/{sensor}/{metric}',
      tag: 'series',
      summary: 'Readings with forecast and score, or one aggregate per bucket; without `from` the last hour',
      query: rangeQuery,
      answer: json(z.array(pointAnswer)),
      errors: [400, 404, 503],
    },
    {
      method: 'get',
      path: '/api/series/{sensor}/{metric}/chart',
      tag: 'series',
      summary: 'What a chart shows: readings while there are few enough, else averages with their extremes',
      query: chartQuery,
      answer: json(chartAnswer),
      errors: [400, 404, 503],
    },
    {
      method: 'get',
      path: '/api/series/{sensor}/{metric}/models',
      tag: 'models',
      summary:
        'Which model judged the readings of a series from when on, and what its shadow would have said',
      answer: json(seriesModelsAnswer),
      errors: [404, 503],
    },
    {
      method: 'get',
      path: '/api/models',
      tag: 'models',
      summary: 'The models in the store, and which is in force where',
      answer: json(modelsAnswer),
      errors: [503],
    },
    {
      method: 'post',
      path: '/api/models',
      tag: 'models',
      summary: 'Bring a model along (the bytes of a model.json): it is tried, and kept in the store',
      body: {
        'application/json': z.looseObject({ format: z.int(), name: z.string(), checksum: z.string() }),
      },
      answer: json(storedModelAnswer),
      errors: [400, 413, 503],
    },
    {
      method: 'get',
      path: '/api/models/{id}',
      tag: 'models',
      summary: 'One model, and how it compares as a shadow; looks at every series',
      answer: json(modelAnswer),
      errors: [404, 503],
    },
    {
      method: 'post',
      path: '/api/models/{id}/shadow',
      tag: 'models',
      summary: 'Let it score beside the active model, without alerts',
      query: scopeQuery,
      answer: json(modelTableAnswer),
      errors: [400, 404, 503],
    },
    {
      method: 'post',
      path: '/api/models/end-shadow',
      tag: 'models',
      summary: 'End the shadow of a scope',
      query: scopeQuery,
      answer: json(modelTableAnswer),
      errors: [400, 503],
    },
    {
      method: 'post',
      path: '/api/models/{id}/promote',
      tag: 'models',
      summary: 'Put it in force, for each series from its next reading on',
      query: scopeQuery,
      answer: json(modelTableAnswer),
      errors: [400, 404, 503],
    },
    {
      method: 'post',
      path: '/api/models/rollback',
      tag: 'models',
      summary: 'Take back the last promotion of a scope',
      query: scopeQuery,
      answer: json(modelTableAnswer),
      errors: [400, 503],
    },
    {
      method: 'get',
      path: '/api/series/{sensor}/{metric}/export',
      tag: 'series',
      summary:
        'The whole series, or what lies between `from` and `to`, as a file: CSV, or a JSON array of points',
      query: exportQuery,
      answer: { 'text/csv': null, ...json(z.array(pointAnswer)) },
      errors: [400, 404, 503],
    },
    {
      method: 'delete',
      path: '/api/series/{sensor}/{metric}',
      tag: 'series',
      summary: 'Delete a series with its readings, verdicts, rollups and alerts, for good',
      query: removeQuery,
      answer: json(removedAnswer),
      errors: [400, 404, 503],
    },
    {
      method: 'get',
      path: '/api/alerts',
      tag: 'alerts',
      summary: 'Alerts, newest first; retracted ones only when asked for',
      query: alertsQuery,
      answer: json(z.array(alertAnswer)),
      errors: [400, 503],
    },
    {
      method: 'post',
      path: '/api/alerts/{id}/acknowledge',
      tag: 'alerts',
      summary: 'Mark an alert as seen; the id is percent-encoded as one segment',
      answer: json(alertAnswer),
      errors: [404, 503],
    },
    {
      method: 'post',
      path: '/api/alerts/acknowledge',
      tag: 'alerts',
      summary: 'Mark up to 500 alerts as seen; the answer has those that there are',
      body: json(acknowledgeRequest),
      answer: json(z.array(alertAnswer)),
      errors: [400, 413, 503],
    },
    {
      method: 'get',
      path: '/api/stream',
      tag: 'series',
      summary:
        'Server-sent events `reading`, `state` and `alert` from now on, of one sensor or metric where given',
      query: streamQuery,
      answer: { 'text/event-stream': null },
      errors: [400],
      others: { 503: { text: 'LIVE_CLIENTS are connected already', schema: errorAnswerBody } },
    },
    {
      method: 'get',
      path: '/api/recent',
      tag: 'series',
      summary: 'The newest readings of several series at once',
      query: recentQuery,
      answer: json(recentAnswer),
      errors: [400, 503],
    },
    {
      method: 'get',
      path: '/api/status',
      tag: 'operation',
      summary: 'Which replica answers, and its accounting',
      answer: json(statusAnswer),
    },
    {
      method: 'get',
      path: '/api/dead-letters',
      tag: 'dead letters',
      summary: 'Messages that could not be stored, newest first, without their bytes',
      query: deadLettersQuery,
      answer: json(z.array(deadLetterSummary)),
      errors: [400, 503],
    },
    {
      method: 'get',
      path: '/api/dead-letters/ids',
      tag: 'dead letters',
      summary: 'The ids of all of them, oldest first, page by page',
      query: deadLetterIdsQuery,
      answer: json(deadLetterIdsAnswer),
      errors: [400, 503],
    },
    {
      method: 'get',
      path: '/api/dead-letters/{id}',
      tag: 'dead letters',
      summary: 'One of them, with its bytes',
      answer: json(deadLetterAnswer),
      errors: [404, 503],
    },
    {
      method: 'post',
      path: '/api/dead-letters/{id}/replay',
      tag: 'dead letters',
      summary: 'Send one through the pipeline again',
      answer: json(replayAnswer),
      errors: [404, 503],
    },
    {
      method: 'get',
      path: '/api/log-level',
      tag: 'operation',
      summary: 'How much the replica that answers logs',
      answer: json(logLevelAnswer),
    },
    {
      method: 'put',
      path: '/api/log-level',
      tag: 'operation',
      summary: 'Change that, until it is started again',
      body: json(logLevelRequest),
      answer: json(logLevelAnswer),
      errors: [400, 413],
    },
    {
      method: 'get',
      path: '/nuevo',
      tag: 'legacy',
      writes: true,
      summary: 'Store a value; a Spanish page, or JSON',
      query: writeQuery(maxNameBytes),
      answer: { ...html, ...json(storedAnswer) },
      errors: [400, 429, 503],
    },
    {
      method: 'get',
      path: '/listar',
      tag: 'legacy',
      summary: 'The newest values; a Spanish page, or JSON',
      query: listQuery(maxNameBytes),
      answer: { ...html, ...json(listAnswer) },
      errors: [400, 503],
    },
    {
      method: 'get',
      path: '/detectar',
      tag: 'legacy',
      writes: true,
      summary: 'Store a value and say whether the static rule finds it anomalous; a Spanish page, or JSON',
      query: writeQuery(maxNameBytes),
      answer: { ...html, ...json(detectionAnswer) },
      errors: [400, 429, 503],
    },
    { method: 'get', path: '/', tag: 'operation', summary: 'The panel', open: true, answer: html },
    {
      method: 'get',
      path: '/healthz',
      tag: 'operation',
      summary: 'Whether the process runs',
      open: true,
      answer: json(healthAnswer),
    },
    {
      method: 'get',
      path: '/readyz',
      tag: 'operation',
      summary: 'Whether broker and store can be reached',
      open: true,
      answer: json(readinessAnswer),
      others: { 503: { text: 'not now; `reason` says why', schema: readinessAnswer } },
    },
    {
      method: 'get',
      path: '/metrics',
      tag: 'operation',
      summary: 'Metrics for Prometheus',
      open: true,
      answer: { 'text/plain': null },
    },
    {
      method: 'get',
      path: '/openapi.json',
      tag: 'operation',
      summary: 'This document',
      open: true,
      answer: { 'application/json': null },
    },
  ];
}

/** Names of the schemas that stand under `components`. */
export const NAMED: Readonly<Record<string, z.ZodType>> = {
  Alert: alertAnswer,
  DeadLetter: deadLetterAnswer,
  DeadLetterSummary: deadLetterSummary,
  Error: errorAnswerBody,
  Model: storedModelAnswer,
  ModelTable: modelTableAnswer,
  Point: pointAnswer,
  Series: seriesAnswer,
};
