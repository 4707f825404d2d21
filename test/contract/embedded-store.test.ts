import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SCHEMA } from '../../src/store/embedded/schema.ts';
import { TRIM_SERIES } from '../../src/store/embedded/trimming.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { storeContract } from './store-contract.ts';

const DAY = 86_400_000;

function open(directory: string, limits = { retention: 30 * DAY, deadLetterMax: 5 }) {
  const store = openEmbeddedStore({ directory, ...limits });
  onTestFinished(() => store.close());
  return store;
}

storeContract('embedded', (limits) => open(temporaryDirectory(), limits));

describe('the embedded store', () => {
  const series = { sensor: 's', metric: 'm' };
  const next = (horizon: number) => ({
    state: Uint8Array.of(1),
    snapshots: [],
    oldestSnapshot: 0,
    horizon,
    assignments: [],
    status: 'normal' as const,
  });

  it('keeps everything over a restart', async () => {
    const directory = temporaryDirectory();
    const first = openEmbeddedStore({ directory, retention: DAY, deadLetterMax: 5 });
    await first.series.commit([
      {
        series,
        expectedVersion: null,
        samples: [{ ts: 1000, value: 2 }],
        verdicts: [],
        next: next(-1),
        alerts: [],
        duplicates: 0,
      },
    ]);
    const [before] = await first.series.load([series]);
    await first.close();
    const second = open(directory);
    expect(await second.series.load([series])).toEqual([before]);
    expect(await second.series.range(series, 0, 2000)).toHaveLength(1);
  });

  it('brings a database of format 1 up to date and keeps what is in it', async () => {
    const directory = temporaryDirectory();
    const old = new Libsql(join(directory, 'vigia.db'));
    old.exec(
      SCHEMA.replace('limit_value REAL,', '')
        .replace('watch TEXT,\n', '')
        .replace(/,\n {2}model TEXT\n/, '\n'),
    );
    old.exec(`INSERT INTO series VALUES (1, 's', 'm', 'v', x'01', '[]', 'alarm', -1, 1000, 2);
      INSERT INTO alerts (id, series, rule, ts, value, state) VALUES ('s/m/anomaly/1000', 1, 'anomaly', 1000, 2, 'open');
      PRAGMA user_version = 1`);
    old.close();
    const store = open(directory);
    expect(await store.alerts.list({ limit: 9 })).toMatchObject([
      { id: 's/m/anomaly/1000', limit: null, state: 'open' },
    ]);
    expect(await store.series.list()).toMatchObject([
      { ...series, status: 'alarm', last: { ts: 1000, value: 2 } },
    ]);
    await store.close();
    expect(await open(directory).alerts.list({ limit: 9 })).toHaveLength(1);
  });

  it('refuses a second process, until the first is gone, however it went', async () => {
    const directory = temporaryDirectory();
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `const D = require('libsql'); const d = new D(${JSON.stringify(join(directory, 'vigia.db'))});
        d.pragma('locking_mode = EXCLUSIVE'); d.pragma('journal_mode = WAL');
        d.exec('BEGIN IMMEDIATE; CREATE TABLE x (y); COMMIT'); console.log('held'); setInterval(() => d, 1000)`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(holder.stdout, 'data');
    expect(() => open(directory)).toThrow(/DATA_DIR .* is in use by another vigia process/);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await open(directory).ping();
  });

  it('names DATA_DIR when it cannot be used', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(() => open(join(directory, 'file', 'below'))).toThrow(/DATA_DIR .* cannot be created/);
    writeFileSync(
      join(directory, 'vigia.db'),
      'this is no database, but long enough to be looked at'.repeat(100),
    );
    expect(() => open(directory)).toThrow(/DATA_DIR .* not a database/);
  });

  it('trims what RETENTION no longer covers, but never what a late reading may need', async () => {
    const store = open(temporaryDirectory(), { retention: DAY, deadLetterMax: 5 });
    const samples = Array.from({ length: 10 }, (_, i) => ({ ts: i * DAY, value: i }));
    const commit = {
      expectedVersion: null,
      samples,
      verdicts: [],
      alerts: samples.map(({ ts }) => ({
        rule: 'anomaly',
        ts,
        value: 1,
        expected: null,
        score: null,
        limit: null,
        state: 'cleared' as const,
        clearedTs: ts,
      })),
      duplicates: 0,
    };
    const kept = { sensor: 'slow', metric: 'm' };
    await store.series.commit([
      { ...commit, series, next: next(8 * DAY) },
      { ...commit, series: kept, next: next(2 * DAY) },
    ]);
    await store.trim(9 * DAY + 1000);
    expect((await store.series.range(series, 0, 20 * DAY)).map(({ value }) => value)).toEqual([9]);
    expect((await store.series.range(kept, 0, 20 * DAY)).map(({ value }) => value)).toEqual([
      3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(await store.alerts.list({ limit: 100, sensor: 's' })).toHaveLength(1);
    expect(await store.alerts.list({ limit: 100, sensor: 'slow' })).toHaveLength(7);
    expect(await store.series.buckets(series, 0, 20 * DAY, 3_600_000, 'max')).toHaveLength(10);
    await store.trim(400 * DAY);
    expect(await store.series.buckets(series, 0, 20 * DAY, 60_000, 'max')).toHaveLength(0);
    expect(await store.series.buckets(series, 0, 20 * DAY, 3_600_000, 'max')).toHaveLength(10);
  });

  it('trims along the keys and lets others run in between', async () => {
    const planner = new Libsql(':memory:');
    planner.exec(SCHEMA);
    for (const [table, sql] of Object.entries(TRIM_SERIES)) {
      const plan = planner.prepare(`EXPLAIN QUERY PLAN ${sql}`).raw().all() as unknown[][];
      expect(String(plan[0]!.at(-1))).toMatch(new RegExp(`^SEARCH ${table} USING .*(ts|start)<`));
    }
    const directory = temporaryDirectory();
    const database = new Libsql(join(directory, 'vigia.db'));
    database.exec(SCHEMA);
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO series SELECT i, 's' || i, 'm', 'v', x'', '[]', 'normal', 9e15, NULL, NULL, NULL FROM n;
      INSERT INTO samples SELECT id, 1, 1, NULL, NULL FROM series`);
    database.close();
    const store = open(directory, { retention: DAY, deadLetterMax: 5 });
    let turns = 0;
    const timer = setInterval(() => turns++);
    await store.trim(9 * DAY);
    clearInterval(timer);
    expect(await store.series.range({ sensor: 's2000', metric: 'm' }, 0, DAY)).toEqual([]);
    expect(turns).toBeGreaterThan(0);
  });
});
