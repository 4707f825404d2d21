/** /openapi.json: a valid document, complete, and true of what the server answers. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import express, { type Router } from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { artifactBytes, modelId } from '../../models/artifact.ts';
import { application } from '../../src/http/application.ts';
import { smallArtifact } from '../helpers/small-model.ts';
import { committed, fill, NOW, type TestHttp, testHttp } from './http-fixture.ts';

const S = { sensor: 's', metric: 'temperature' };

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: object; readonly securitySchemes?: object };
}

interface Described {
  readonly security?: readonly object[];
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema?: object }>> }>
  >;
}

interface RouteLayer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: object & { readonly stack?: readonly RouteLayer[] };
}

afterEach(() => {
  vi.restoreAllMocks();
});

const documentOf = async (http: TestHttp) =>
  (await (await fetch(`${http.url}/openapi.json`)).json()) as Document;

/** `get /api/series/{sensor}/{metric}` … of everything that Express has registered. Routers do not tell where they hang. */
async function registeredRoutes(): Promise<string[]> {
  const mounts = new Map<object, string>();
  const prototype = (express.Router as unknown as { prototype: Router }).prototype;
  const use = prototype.use;
  vi.spyOn(prototype, 'use').mockImplementation(function (this: Router, ...args: unknown[]) {
    if (typeof args[0] === 'string')
      for (const handler of args.slice(1)) mounts.set(handler as object, args[0] === '/' ? '' : args[0]);
    return Reflect.apply(use, this, args);
  });
  const { options } = await testHttp();
  const walk = (stack: readonly RouteLayer[], prefix: string): string[] =>
    stack.flatMap(({ route, handle }) => {
      if (!route) return handle.stack ? walk(handle.stack, prefix + (mounts.get(handle) ?? '')) : [];
      const path = (prefix + (route.path === '/' && prefix !== '' ? '' : route.path)).replaceAll(
        /:(\w+)/g,
        '{$1}',
      );
      return Object.keys(route.methods)
        .filter((method) => method !== '_all')
        .map((method) => `${method} ${path}`);
    });
  return walk((application(options).router as unknown as { stack: RouteLayer[] }).stack, '');
}

/** A request for every operation, on a server with one series, one alert and one dead letter. */
const MODEL = smallArtifact('brought', 3);
const SPARE = smallArtifact('spare-brought', 3);
const REQUESTS: Readonly<Record<string, { readonly path: string; readonly body?: unknown }>> = {
  'post /api/readings': {
    path: '/api/readings',
    body: [
      { ...S, value: 1 },
      { ...S, value: 'x' },
    ],
  },
  'get /api/series': { path: '/api/series' },
  'get /api/series/{sensor}/{metric}': { path: '/api/series/s/temperature?from=0' },
  'get /api/series/{sensor}/{metric}/chart': { path: `/api/series/s/temperature/chart?from=0&to=${NOW}` },
  'get /api/series-labels': { path: '/api/series-labels' },
  'put /api/series-labels': {
    path: '/api/series-labels',
    body: { sensor: 's', metric: 'temperature', name: 'Freezer', unit: 'K' },
  },
  'get /api/recent': { path: '/api/recent?series=s/temperature&points=5' },
  'get /api/status': { path: '/api/status' },
  'get /api/broker/clients': { path: '/api/broker/clients?limit=5' },
  'get /api/discovery': { path: '/api/discovery' },
  'post /api/discovery': { path: '/api/discovery', body: { seconds: 1 } },
  'get /api/sources': { path: '/api/sources' },
  'get /api/stream': { path: '/api/stream?sensor=s' },
  'get /api/series/{sensor}/{metric}/models': { path: '/api/series/s/temperature/models' },
  'get /api/models': { path: '/api/models' },
  'post /api/models': { path: '/api/models', body: JSON.parse(Buffer.from(artifactBytes(MODEL)).toString()) },
  'get /api/models/{id}': { path: `/api/models/${modelId(MODEL)}` },
  'delete /api/models/{id}': { path: `/api/models/${modelId(SPARE)}` },
  'post /api/models/{id}/shadow': { path: `/api/models/${modelId(MODEL)}/shadow?sensor=s` },
  'post /api/models/end-shadow': { path: '/api/models/end-shadow?sensor=s' },
  'post /api/models/{id}/promote': { path: `/api/models/${modelId(MODEL)}/promote` },
  'post /api/models/rollback': { path: '/api/models/rollback' },
  'get /api/backup': { path: '/api/backup' },
  'get /api/series/{sensor}/{metric}/export': { path: '/api/series/s/temperature/export?format=json' },
  'delete /api/series/{sensor}/{metric}': { path: '/api/series/gone/temperature?confirm=gone/temperature' },
  'get /api/alerts': { path: '/api/alerts?sensor=s' },
  'post /api/alerts/acknowledge': {
    path: '/api/alerts/acknowledge',
    body: { ids: [`s/temperature/adaptive/${NOW}`] },
  },
  'post /api/alerts/{id}/acknowledge': {
    path: `/api/alerts/${encodeURIComponent(`s/temperature/adaptive/${NOW}`)}/acknowledge`,
  },
  'post /api/alerts/{id}/close': {
    path: `/api/alerts/${encodeURIComponent(`s/temperature/adaptive/${NOW}`)}/close`,
  },
  'get /api/alert-receivers': { path: '/api/alert-receivers' },
  'get /api/alert-receivers/{name}/kept': { path: '/api/alert-receivers/team/kept' },
  'post /api/alert-receivers/{name}/send-again': { path: '/api/alert-receivers/team/send-again', body: {} },
  'post /api/alert-receivers/{name}/drop-kept': {
    path: '/api/alert-receivers/team/drop-kept',
    body: { keys: ['s/temperature/adaptive/1/1'] },
  },
  'post /api/alert-receivers/{name}/test': { path: '/api/alert-receivers/team/test' },
  'get /api/alert-rules': { path: '/api/alert-rules' },
  'put /api/alert-rules': {
    path: '/api/alert-rules',
    body: { revision: 0, rules: [{ sensor: 'f-*', max: 30, for: '30s' }] },
  },
  'get /api/mutes': { path: '/api/mutes' },
  'post /api/mutes': {
    path: '/api/mutes',
    body: { sensor: 'no-*', weekly: { days: ['sun'], start: '22:00', end: '06:00' }, until: NOW + 60_000 },
  },
  'delete /api/mutes/{id}': { path: '/api/mutes/m-1' },
  'get /api/dead-letters': { path: '/api/dead-letters?limit=5' },
  'get /api/dead-letters/ids': { path: '/api/dead-letters/ids?limit=1' },
  'get /api/dead-letters/{id}': { path: '/api/dead-letters/letter' },
  'post /api/dead-letters/{id}/replay': { path: '/api/dead-letters/letter/replay' },
  'delete /api/dead-letters/{id}': { path: '/api/dead-letters/other' },
  'get /api/session': { path: '/api/session' },
  'post /api/session': { path: '/api/session', body: { token: 'x' } },
  'delete /api/session': { path: '/api/session' },
  'get /api/audit': { path: '/api/audit?limit=2' },
  'get /api/log-level': { path: '/api/log-level' },
  'put /api/log-level': { path: '/api/log-level', body: { level: 'silent' } },
  'get /nuevo': { path: '/nuevo?dato=1&format=json' },
  'get /listar': { path: '/listar?format=json&sensor=s' },
  'get /detectar': { path: '/detectar?dato=1&format=json' },
  'get /': { path: '/' },
  'get /healthz': { path: '/healthz' },
  'get /readyz': { path: '/readyz' },
  'get /metrics': { path: '/metrics' },
  'get /docs': { path: '/docs' },
  'get /openapi.json': { path: '/openapi.json' },
};

async function furnished(): Promise<TestHttp> {
  const http = await testHttp({
    submit: async (readings) =>
      readings.map((reading) =>
        committed(reading, { static: { expected: 1, error: 0.5, threshold: 3, anomaly: false } }),
      ),
  });
  await http.store.models.put(modelId(SPARE), artifactBytes(SPARE));
  const sample = { ts: NOW, value: 20 };
  await fill(http.store, S, [{ ts: NOW - 1, value: 19 }, sample], {
    verdicts: [{ ts: NOW, expected: 19.5, score: 0.2 }],
    alerts: [
      { ...sample, rule: 'adaptive', expected: 19.5, score: 2, limit: null, state: 'open', clearedTs: null },
    ],
  });
  await fill(http.store, { ...S, sensor: 'gone' }, [sample]);
  await http.store.deadLetters.add([
    { id: 'letter', topic: 't', bytes: Buffer.from('x'), reason: 'not-json', detail: 'd', lastTs: NOW },
    { id: 'other', topic: 't', bytes: Buffer.from('y'), reason: 'not-json', detail: 'd', lastTs: NOW - 1 },
  ]);
  const mute = {
    id: 'm-1',
    sensor: '*',
    metric: '*',
    rule: 'x',
    from: 0,
    until: null,
    weekly: null,
    comment: '',
    by: null,
  };
  await http.store.documents.put('mutes', { revision: 1, content: JSON.stringify([mute]) }, 0);
  return http;
}

describe('/openapi.json', () => {
  it('is valid OpenAPI 3.1, with the version, and may be read without the token', async () => {
    const http = await testHttp({ token: 'secret' });
    const response = await fetch(`${http.url}/openapi.json`);
    expect(response.status).toBe(200);
    const document = (await response.json()) as Document & { info: { version: string } };
    expect(await new Validator().validate({ ...document })).toMatchObject({ valid: true });
    expect(document.info.version).toBe('1.2.3');
  });

  it('describes every registered route and no other', async () => {
    const registered = await registeredRoutes();
    const document = await documentOf(await testHttp());
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(registered).toContain('get /api/dead-letters/{id}');
    const missing = registered.filter((route) => !described.includes(route));
    expect(missing, 'registered, but not in /openapi.json').toEqual([]);
    const stale = described.filter((route) => !registered.includes(route));
    expect(stale, 'in /openapi.json, but not registered').toEqual([]);
  });

  it('knows the methods of every path: OPTIONS tells them, all others get 405', async () => {
    const http = await testHttp();
    const document = await documentOf(http);
    const writes = ['/nuevo', '/detectar'];
    for (const [template, described] of Object.entries(document.paths)) {
      const wanted = new Set(Object.keys(described).map((method) => method.toUpperCase()));
      if (wanted.has('GET') && !writes.includes(template)) wanted.add('HEAD');
      const url = http.url + template.replaceAll(/\{\w+\}/g, 'x');
      const asked = await fetch(url, { method: 'OPTIONS' });
      expect([template, asked.status]).toEqual([template, 204]);
      const allowed = asked.headers.get('allow')!.split(', ');
      expect(allowed, template).toEqual(expect.arrayContaining([...wanted]));
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (allowed.includes(method)) continue;
        const refused = await fetch(url, { method });
        expect([method, template, refused.status]).toEqual([method, template, 405]);
        expect(refused.headers.get('allow')).toBe(allowed.join(', '));
      }
    }
    for (const method of ['OPTIONS', 'POST']) {
      expect((await fetch(`${http.url}/nothing`, { method })).status).toBe(404);
      expect((await fetch(`${http.url}/api/nothing`, { method })).status).toBe(404);
    }
  });

  it('says which routes ask for the token, where there is one', async () => {
    const open = await documentOf(await testHttp());
    expect(open.components.securitySchemes).toBeUndefined();
    for (const legacyOpen of [true, false]) {
      const http = await testHttp({ token: 'secret', legacyOpen });
      const document = await documentOf(http);
      for (const [route, request] of Object.entries(REQUESTS)) {
        const [method, path] = route.split(' ') as [string, string];
        const { status } = await fetch(http.url + request.path, { method });
        expect(status === 401, route).toBe(document.paths[path]![method]!.security !== undefined);
      }
    }
  });

  it('is true of the answers of every route, and of its errors', async () => {
    const http = await furnished();
    const document = await documentOf(http);
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    ajv.addSchema(document, 'openapi.json');
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const route = `${method} ${path}`;
        const request = REQUESTS[route];
        expect(request, `${route} has no request in this test`).toBeDefined();
        const init = request!.body === undefined ? {} : { body: JSON.stringify(request!.body) };
        await check(`${http.url}${request!.path}`, { method, ...init }, route, operation, 200);
        for (const { name } of operation.parameters.filter(({ in: where }) => where === 'query')) {
          const twice = `${http.url}${request!.path.replace(/\?.*/, '')}?format=json&${name}=1&${name}=2`;
          await check(twice, { method }, `${route}, ${name} twice`, operation, 400);
        }
      }
    }

    async function check(url: string, init: RequestInit, what: string, operation: Described, wanted: number) {
      const response = await fetch(url, init);
      const type = response.headers.get('content-type')!.split(';')[0]!;
      const endless = type === 'text/event-stream';
      const text = endless ? '' : await response.text();
      if (endless) await response.body?.cancel();
      expect(response.status, `${what}: ${text}`).toBe(wanted);
      const described = operation.responses[wanted]?.content[type];
      expect(described, `${what}: an answer of type ${type}`).toBeDefined();
      if (!described?.schema) return;
      const pointer = JSON.stringify(described.schema).replaceAll('"#/', '"openapi.json#/');
      const valid = ajv.validate(JSON.parse(pointer), JSON.parse(text));
      expect(valid ? [] : ajv.errors, `${what} answered ${text}`).toEqual([]);
    }
  });
});
