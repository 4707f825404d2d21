/**
 * The store that N replicas share: Redis, with RedisTimeSeries or without, one server, behind Sentinels or a Cluster.
 * Each series is committed atomically by one script; see redis/lua/commit-timeseries.lua.
 */
import type { Logger } from 'pino';
import { AlertLog } from './redis/alert-log.ts';
import { AlertStream } from './redis/alert-stream.ts';
import { auditKeys } from './redis/audit-keys.ts';
import { birthKeys } from './redis/birth-keys.ts';
import { counterKeys } from './redis/counter-keys.ts';
import { DeadLetterKeys } from './redis/dead-letter-keys.ts';
import { documentKeys } from './redis/document-keys.ts';
import type { Durability } from './redis/durability.ts';
import { checkEviction, type Eviction } from './redis/eviction.ts';
import { formatKeys } from './redis/format-keys.ts';
import { KeptAlerts } from './redis/kept-alerts.ts';
import { COUNTERS_KEY } from './redis/keys.ts';
import type { Layout, LayoutName } from './redis/layout.ts';
import { chooseLayout, layoutIsKept } from './redis/layout-choice.ts';
import { memory } from './redis/memory.ts';
import { modelKeys } from './redis/model-keys.ts';
import { openServer } from './redis/open-server.ts';
import { choosePacking, type Packing } from './redis/packing.ts';
import { probe } from './redis/probe.ts';
import { RedisPeers } from './redis/redis-peers.ts';
import { RedisPubSub } from './redis/redis-pub-sub.ts';
import { parseRedisUrl } from './redis/redis-url.ts';
import { list, text } from './redis/reply.ts';
import { secretKeys } from './redis/secret-keys.ts';
import { SeriesKeys } from './redis/series-keys.ts';
import type { Server } from './redis/server.ts';
import { SortedSetLayout } from './redis/sorted-set-layout.ts';
import { TimeseriesLayout } from './redis/timeseries-layout.ts';
import { ROLLUP_RETENTION, type RollupRetention, WIDEST_ROLLUP } from './rollup.ts';
import type { Store } from './store.ts';

export interface RedisStoreOptions {
  /** See redis/redis-url.ts. */
  readonly url: string;
  /** What a commit waits for. */
  readonly durability: Durability;
  /** How long readings and alerts are kept, ms. */
  readonly retention: number;
  readonly rollupRetention?: RollupRetention;
  readonly deadLetterMax: number;
  /** Default: any size. */
  readonly deadLetterMaxBytes?: number;
  /** Entries of the audit log that are kept, about; default 10,000. */
  readonly auditMax?: number;
  readonly logger: Logger;
  /** `auto` (the default) asks the server. */
  readonly layout?: 'auto' | LayoutName;
  /** Whether old samples are packed, see redis/packing.ts; default `auto`. */
  readonly packing?: Packing;
  /** Whether a server that evicts keys is accepted; default: it is refused. */
  readonly eviction?: Eviction;
  /** PEM of the authority that signed the server's certificate, for rediss://. */
  readonly ca?: string;
  /** How far in the future a reading may be, ms; default 5 min. */
  readonly maxClockSkew?: number;
  /** How long the server may stay silent before its connection is given up, ms; default 5 s. */
  readonly timeout?: number;
  /** How long the start-up tries to reach the server, ms; default 10 s. */
  readonly patience?: number;
  readonly now?: () => number;
}

/** @throws ConfigurationError, see `openServer` and `chooseLayout` */
export async function openRedisStore(options: RedisStoreOptions): Promise<Store> {
  const { url, durability, retention, logger, now: wall = Date.now, maxClockSkew = 300_000 } = options;
  // The clock of Redis since it was asked, and until then that of this process.
  let asked: { readonly at: number; readonly since: number } | null = null;
  const now = () => Math.round(asked ? asked.at + performance.now() - asked.since : wall());
  const server = await openServer({
    url,
    durability,
    logger,
    timeout: options.timeout ?? 5000,
    patience: options.patience ?? 10_000,
    ...(options.ca !== undefined && { ca: options.ca }),
  });
  const { db } = parseRedisUrl(url);
  const rollupRetention = options.rollupRetention ?? ROLLUP_RETENTION;
  const { layout, pack } = await openLayout(server, options, rollupRetention).catch((error) => {
    server.close();
    throw error;
  });
  const alerts = new AlertLog(server, retention);
  const settings = {
    retention,
    rollupRetention,
    // RedisTimeSeries counts back from the newest sample, which may lie in the future, and a whole rollup bucket must
    // still be there for a late reading: its keys keep so much more.
    keyRetention: retention + WIDEST_ROLLUP + maxClockSkew,
    // The clock of a process may be so far off, and a reading of it once more.
    ahead: 2 * maxClockSkew,
    pack,
    alwaysWrite: durability !== 'memory',
  };
  const series = new SeriesKeys(server, layout, alerts, { ...settings, now });
  const pubSub = new RedisPubSub(server, logger, db);
  const peers = new RedisPeers(pubSub);
  return {
    kind: 'redis',
    peers,
    pubSub,
    description: `redis (${server.name}, layout ${layout.name}, durability ${durability})`,
    series,
    reads: () => ({ series, alerts }),
    alerts,
    alertStream: new AlertStream(server),
    keptAlerts: new KeptAlerts(server),
    deadLetters: new DeadLetterKeys(
      server,
      options.deadLetterMax,
      options.deadLetterMaxBytes ?? Number.MAX_SAFE_INTEGER,
    ),
    models: modelKeys(server),
    counters: counterKeys(server),
    audit: auditKeys(server, options.auditMax ?? 10_000),
    secrets: secretKeys(server),
    documents: documentKeys(server),
    formats: formatKeys(server),
    births: birthKeys(server),
    async time() {
      const [reply] = await server.run([{ key: COUNTERS_KEY, args: ['TIME'] }]);
      const [seconds, micros] = list(reply, 'TIME').map((part) => Number(text(part)));
      asked = { at: seconds! * 1000 + Math.floor(micros! / 1000), since: performance.now() };
      return asked.at;
    },
    async verify() {
      const intact = await layoutIsKept(server, layout.name);
      if (!intact) series.registerAgain();
      return intact;
    },
    ...(layout.name === 'timeseries' && { lackingRollups: () => series.lackingRules() }),
    ...(server.away !== undefined && { partsAway: () => server.away! }),
    memory: () => memory(server),
    ping: () => probe(server, { ...settings, script: layout.probe }),
    async trim(at) {
      await series.trim(at);
      await alerts.trim(at);
    },
    async close() {
      peers.close();
      await pubSub.close();
      server.close();
    },
  };
}

/** The layout of the samples, and whether old samples are packed. @throws ConfigurationError, see `chooseLayout` */
async function openLayout(
  server: Server,
  { url, logger, eviction = 'refuse', layout = 'auto', packing = 'auto' }: RedisStoreOptions,
  rollupRetention: RollupRetention,
): Promise<{ layout: Layout; pack: boolean }> {
  await checkEviction(server, eviction, logger);
  const name = await chooseLayout(server, layout, parseRedisUrl(url).db, logger);
  if (name === 'timeseries') return { layout: new TimeseriesLayout(server), pack: false };
  const pack = await choosePacking(server, packing);
  return { layout: new SortedSetLayout(server, rollupRetention), pack };
}
