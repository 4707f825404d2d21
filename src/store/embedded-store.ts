/**
 * The store of one process: SQLite in WAL mode with `synchronous=FULL` under DATA_DIR. A commit call is one
 * transaction, durable when it returns. A second process on the directory is refused.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AlertStreamTable } from './embedded/alert-stream-table.ts';
import { AlertTable, listAlerts } from './embedded/alert-table.ts';
import { auditTable } from './embedded/audit-table.ts';
import { copyDatabase, removeCopies } from './embedded/backup.ts';
import { birthTable } from './embedded/birth-table.ts';
import { EmbeddedClock } from './embedded/clock.ts';
import { counterTable } from './embedded/counter-table.ts';
import { available, DATABASE_FILE, damages, openDatabase, tolerant } from './embedded/database.ts';
import { DeadLetterTable } from './embedded/dead-letter-table.ts';
import { DiskReserve } from './embedded/disk-reserve.ts';
import { diskRoom } from './embedded/disk-room.ts';
import { documentTable } from './embedded/document-table.ts';
import { formatTable } from './embedded/format-table.ts';
import { KeptAlertTable } from './embedded/kept-alert-table.ts';
import { modelTables } from './embedded/model-tables.ts';
import { writeProbe } from './embedded/probe.ts';
import { ReadThread } from './embedded/read-thread.ts';
import { secretTable } from './embedded/secret-table.ts';
import { SeriesReader } from './embedded/series-reads.ts';
import { SeriesTable } from './embedded/series-table.ts';
import { shrink } from './embedded/shrinking.ts';
import { trimTables } from './embedded/trimming.ts';
import { ROLLUP_RETENTION, type RollupRetention } from './rollup.ts';
import type { Store } from './store.ts';

const COMMITTED_LATELY_MS = 2000;

export interface EmbeddedOptions {
  readonly directory: string;
  /** How long readings and alerts are kept, ms. */
  readonly retention: number;
  readonly rollupRetention?: RollupRetention;
  /** Bytes of the disk that are kept free for deleting, see embedded/disk-reserve.ts; default: none. */
  readonly reserve?: number;
  readonly deadLetterMax: number;
  /** Default: any size. */
  readonly deadLetterMaxBytes?: number;
  /** Entries of the audit log that are kept; default 10,000. */
  readonly auditMax?: number;
  /** ms UTC; by default the clock of this machine. */
  readonly now?: () => number;
}

/** Whether `directory` holds a store already: opening it would otherwise make one. */
export function embeddedStoreExists(directory: string): boolean {
  return existsSync(join(directory, DATABASE_FILE));
}

/** @throws ConfigurationError (field DATA_DIR), see `openDatabase` */
export function openEmbeddedStore(options: EmbeddedOptions): Store {
  const { database, file, close } = openDatabase(options.directory);
  const readThread = new ReadThread(file);
  removeCopies(options.directory);
  const reserve = new DiskReserve(database, options.directory, options.reserve ?? 0);
  reserve.restore();
  const alertStream = new AlertStreamTable(database);
  const alerts = new AlertTable(database, alertStream);
  const series = new SeriesTable(database, alerts, reserve);
  const clocks = { now: options.now ?? Date.now, monotonic: () => performance.now() };
  const clock = new EmbeddedClock(database, clocks);
  const kept = { retention: options.retention, rollups: options.rollupRetention ?? ROLLUP_RETENTION };
  const counters = counterTable(database);
  let open = true;
  return {
    kind: 'embedded',
    peers: null,
    pubSub: null,
    description: `embedded (${file})`,
    series,
    reads(client) {
      const reads = readThread.for(client);
      return {
        series: new SeriesReader(reads),
        alerts: { list: (query) => listAlerts(reads, query) },
      };
    },
    alerts,
    alertStream,
    keptAlerts: new KeptAlertTable(database),
    deadLetters: new DeadLetterTable(
      database,
      options.deadLetterMax,
      options.deadLetterMaxBytes ?? Number.MAX_SAFE_INTEGER,
    ),
    models: modelTables(database),
    counters,
    audit: auditTable(database, options.auditMax ?? 10_000),
    secrets: secretTable(database),
    documents: documentTable(database),
    formats: formatTable(database),
    births: birthTable(database),
    time: async () => clock.time(),
    async ping() {
      // A commit is as good as a probe, and a probe costs the disk a write.
      if (performance.now() - series.committedAt > COMMITTED_LATELY_MS) writeProbe(database);
    },
    trim: (now) =>
      reserve.useAsync(async () => {
        await trimTables(database, now, kept);
        await shrink(database);
      }),
    check: async () => damages(database),
    disk: () => diskRoom(database, options.directory),
    backup: () => copyDatabase(file, options.directory),
    async close() {
      if (!open) return;
      open = false;
      await readThread.close();
      tolerant(counters.write, () => undefined);
      available(close);
    },
  };
}
