/**
 * The store of one process: SQLite in WAL mode with `synchronous=FULL` under DATA_DIR. A commit call is one
 * transaction, durable when it returns. A second process on the directory is refused.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AlertStreamTable } from './embedded/alert-stream-table.ts';
import { AlertTable } from './embedded/alert-table.ts';
import { available, closeDatabase, DATABASE_FILE, openDatabase, transaction } from './embedded/database.ts';
import { DeadLetterTable } from './embedded/dead-letter-table.ts';
import { modelStore } from './embedded/model-store.ts';
import { SeriesTable } from './embedded/series-table.ts';
import { trimTables } from './embedded/trimming.ts';
import type { AlertQuery, Store } from './store.ts';

export interface EmbeddedOptions {
  readonly directory: string;
  /** How long readings and alerts are kept, ms. */
  readonly retention: number;
  readonly deadLetterMax: number;
}

/** Whether `directory` holds a store already: opening it would otherwise make one. */
export function embeddedStoreExists(directory: string): boolean {
  return existsSync(join(directory, DATABASE_FILE));
}

/** @throws ConfigurationError (field DATA_DIR), see `openDatabase` */
export function openEmbeddedStore(options: EmbeddedOptions): Store {
  const database = openDatabase(options.directory);
  const stream = new AlertStreamTable(database);
  const alerts = new AlertTable(database, stream);
  const series = new SeriesTable(database, alerts);
  const deadLetters = new DeadLetterTable(database, options.deadLetterMax);
  let open = true;
  return {
    kind: 'embedded',
    peers: null,
    pubSub: null,
    description: `embedded (${join(options.directory, DATABASE_FILE)})`,
    load: (ids) => series.load(ids),
    commit: (commits) => series.commit(commits),
    snapshot: (id, n) => series.snapshot(id, n),
    range: (id, from, to, limit) => series.range(id, from, to, limit),
    newest: (id, limit) => series.newest(id, limit),
    oldest: (id, from, to, limit) => series.oldest(id, from, to, limit),
    remove: (id) => series.remove(id),
    samplesAt: (id, timestamps) => series.samplesAt(id, timestamps),
    buckets: (id, from, to, width, agg) => series.buckets(id, from, to, width, agg),
    summaries: (ids) => series.summaries(ids),
    list: () => series.list(),
    seriesCount: () => series.seriesCount(),
    alerts: (query: AlertQuery) => alerts.alerts(query),
    alertsSince: (id, ts) => alerts.alertsSince(id, ts),
    acknowledge: (id) => alerts.acknowledge(id),
    addAlertTarget: (target) => stream.addAlertTarget(target),
    alertBacklog: (target, _holder, _leaseMs, limit) => stream.alertBacklog(target, limit),
    confirmAlerts: (target, _holder, _leaseMs, at) => stream.confirmAlerts(target, at),
    // Nobody else can have this database open, so there is no lease.
    releaseAlertTarget: async () => {},
    addDeadLetters: (letters) => deadLetters.addDeadLetters(letters),
    deadLetters: (limit) => deadLetters.deadLetters(limit),
    deadLettersAfter: (after, limit) => deadLetters.deadLettersAfter(after, limit),
    deadLetter: (id) => deadLetters.deadLetter(id),
    removeDeadLetter: (id) => deadLetters.removeDeadLetter(id),
    deadLetterCount: () => deadLetters.deadLetterCount(),
    ...modelStore(database),
    async increment(counter) {
      return available(
        () =>
          (
            database
              .prepare('INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n')
              .raw()
              .get(counter) as [number]
          )[0],
      );
    },
    time: async () => Date.now(),
    async ping() {
      transaction(database, () => undefined);
    },
    trim: (now) => trimTables(database, now, options.retention),
    async close() {
      if (!open) return;
      open = false;
      available(() => closeDatabase(database));
    },
  };
}
