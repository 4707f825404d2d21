/**
 * A real HTTP server on a free port over a real embedded store. Only the pipeline is scripted, because these tests are
 * about what HTTP makes of its outcomes; the end-to-end tests put the whole program behind it.
 */
import pino from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import { ClosedAlerts } from '../../src/alerts/closed-alerts.ts';
import { Mutes } from '../../src/alerts/mutes.ts';
import { StoredRules } from '../../src/alerts/stored-rules.ts';
import { AuditLog } from '../../src/audit/audit-log.ts';
import { DEFAULT_RULES } from '../../src/domain/alert-rule.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { IncomingReading, Sample } from '../../src/domain/reading.ts';
import type { SeriesId } from '../../src/domain/series.ts';
import type { HttpOptions } from '../../src/http/http-options.ts';
import { Live, type LiveLimits } from '../../src/http/live/live.ts';
import { type RunningHttp, startHttp } from '../../src/http/server.ts';
import { SeriesLabels } from '../../src/labels/series-labels.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { SeriesCommit, Store } from '../../src/store/store.ts';
import { modelAdmin } from '../helpers/model-admin.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

export const NOW = Date.UTC(2025, 10, 28, 22, 9, 15);

const DISCOVERED = {
  presets: ['tasmota'],
  found: [
    {
      ...{ pattern: 'tele/{sensor}/SENSOR', topics: 2, messages: 9, preset: 'tasmota' },
      ...{ example: 'tele/boiler/SENSOR', becomes: 'boiler/temperature = 21', reads: true },
    },
  ],
  file: 'presets: [tasmota]',
  topicsLeftOut: 0,
};

export interface TestHttp extends RunningHttp {
  readonly url: string;
  readonly store: Store;
  readonly options: HttpOptions;
  readonly live: Live;
  /** Every list of readings that was submitted. */
  readonly submitted: (readonly IncomingReading[])[];
  /** The log, one object a line. */
  readonly log: Record<string, unknown>[];
}

/** @param over what differs from an open server with an empty store whose pipeline commits everything at NOW */
export async function testHttp(
  over: Partial<HttpOptions> & {
    readonly liveLimits?: Partial<LiveLimits>;
    readonly units?: Record<string, string>;
  } = {},
): Promise<TestHttp> {
  const store = openEmbeddedStore({
    directory: temporaryDirectory(),
    retention: 30 * 86_400_000,
    deadLetterMax: 10,
  });
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line)) });
  const submitted: (readonly IncomingReading[])[] = [];
  const registry = new Registry();
  const live = new Live(
    {
      intervalMs: 20,
      rate: 2000,
      clients: 3,
      clientBuffer: 64 * 1024,
      heartbeatMs: 1000,
      ...over.liveLimits,
    },
    store.peers,
    registry,
  );
  const audit = new AuditLog({ store: store.audit, logger, now: () => NOW });
  onTestFinished(() => audit.close(1000));
  const submit = over.submit ?? (async (readings) => readings.map((reading) => committed(reading)));
  const options: HttpOptions = {
    host: '127.0.0.1',
    port: 0,
    store,
    replay: async () => null,
    models: modelAdmin(store),
    storedRules: new StoredRules({
      documents: store.documents,
      configured: [{ sensor: 'f-*', metric: '*', max: 5, rate: { change: 5, per: 60_000 } }],
      apply: () => {},
      readableByFormer: () => false,
    }),
    closedAlerts: new ClosedAlerts({ store, targets: () => [], now: () => NOW }),
    mutes: new Mutes({ documents: store.documents, retention: 1000, now: () => NOW }),
    receivers: {
      list: () => [
        {
          name: 'team',
          type: 'slack',
          filter: { sensors: ['*'], metrics: ['*'], rules: ['max'], severities: ['critical'] },
          ...{ pending: 1, oldest: NOW, kept: 1, problem: 'HTTP 500' },
        },
      ],
      test: async (name) => (name === 'team' ? { result: 'refused', reason: 'HTTP 400' } : null),
      wake: () => {},
    },
    maxModelSize: 1024 * 1024,
    logger,
    registry,
    live,
    audit,
    sources: () => ({
      sources: [
        { source: 'sensors/{sensor}', messages: 3, readings: 2, problems: 0, nulls: 1, ignored: { text: 1 } },
      ],
      unmatched: { count: 1, newest: [{ topic: 'elsewhere', at: NOW }] },
    }),
    brokerClients: () => [
      {
        ...{ clientId: 'c', user: null, address: '::1', connected: true, since: NOW, seen: NOW },
        ...{ session: false, subscriptions: 1, queued: 0 },
      },
    ],
    discovery: { untaken: () => null, listen: async () => DISCOVERED },
    liveAddressClients: 100,
    clientReads: 100,
    addressConnections: 1000,
    totals: () => ({ received: 9, committed: 4, duplicate: 2, deadLettered: 1, rejected: 1, inFlight: 1 }),
    ready: async () => {},
    version: '1.2.3',
    hostname: 'replica <1>',
    labels: new SeriesLabels({
      documents: store.documents,
      units: () => over.units ?? { temperature: '°C' },
    }),
    rulesOf: () => ({ ...DEFAULT_RULES, max: 30 }),
    maxPayload: 64 * 1024,
    maxReadings: 100,
    maxNameBytes: 20,
    legacyOpen: true,
    rateLimit: 0,
    authFailures: 60,
    sessionLifetime: 3_600_000,
    signIn: { maxLoginFailures: 3, maxLoginBanMs: 60_000, maxPendingLogins: 8, answerStepMs: 1 },
    allowedHosts: [],
    corsOrigins: [],
    now: () => NOW,
    ...over,
    submit: (readings) => {
      submitted.push(readings);
      return submit(readings);
    },
  };
  const http = await startHttp(options);
  onTestFinished(async () => {
    await http.close();
    await store.close();
  });
  return {
    ...http,
    url: `http://127.0.0.1:${http.port}`,
    store: over.store ?? store,
    options,
    live,
    submitted,
    log,
  };
}

/** The outcome of a reading that was stored, by default as the first of its series. */
export function committed(
  reading: IncomingReading,
  over: Partial<Extract<Outcome, { status: 'committed' }>> = {},
): Outcome {
  return {
    status: 'committed',
    reading: { ...reading, ts: reading.ts ?? NOW },
    verdict: null,
    static: null,
    window: [],
    needed: 10,
    ...over,
  };
}

/** Writes samples past the pipeline. */
export async function fill(
  store: Store,
  series: SeriesId,
  samples: readonly Sample[],
  over: Partial<SeriesCommit> = {},
): Promise<void> {
  const [record] = await store.series.load([series]);
  const [result] = await store.series.commit([
    {
      series,
      expectedVersion: record?.version ?? null,
      samples,
      verdicts: [],
      next: {
        state: new Uint8Array(),
        snapshots: [],
        oldestSnapshot: 0,
        horizon: -1,
        assignments: [],
        status: 'normal',
      },
      alerts: [],
      duplicates: 0,
      ...over,
    },
  ]);
  if (result?.status !== 'committed') throw new Error(`not committed: ${JSON.stringify(result)}`);
}

/** The text of an HTML page, one line per element that has text. */
export function textLines(html: string): string[] {
  const body = html.slice(html.indexOf('<body>'));
  return body
    .replaceAll(/<[^>]*>/g, '\n')
    .split('\n')
    .filter((line) => line.trim() !== '');
}
