import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SCHEMA } from '../../src/store/embedded/schema.ts';
import { TRIM_SERIES } from '../../src/store/embedded/trimming.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { damagePage, storedValue } from '../helpers/damaged-database.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { type StoreLimits, storeContract } from './store-contract.ts';

const DAY = 86_400_000;

function open(directory: string, limits: StoreLimits = { retention: 30 * DAY, deadLetterMax: 5 }) {
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

  it('is for its owner alone', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'vigia.db'), '', { mode: 0o644 });
    const store = open(directory);
    await store.ping();
    const files = readdirSync(directory).filter((name) => name.startsWith('vigia.db'));
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) expect(statSync(join(directory, name)).mode & 0o777, name).toBe(0o600);
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

  it('counts without a commit for each count', async () => {
    const directory = temporaryDirectory();
    const store = open(directory);
    const observer = new Libsql(join(directory, 'vigia.db'));
    onTestFinished(() => void observer.close());
    const version = () => observer.prepare('PRAGMA data_version').raw().get();
    const before = version();
    for (let n = 1; n <= 20; n++) expect(await store.counters.increment('visits')).toBe(n);
    expect(version()).toEqual(before);
    await store.ping();
    expect(version()).not.toEqual(before);
    await store.close();
    expect(await open(directory).counters.increment('visits')).toBe(21);
  });

  it('brings a database of format 1 up to date and keeps what is in it', async () => {
    const directory = temporaryDirectory();
    const old = new Libsql(join(directory, 'vigia.db'));
    old.exec(
      SCHEMA.replace('limit_value REAL,', '')
        .replace('watch TEXT,\n', '')
        .replace(/,\n {2}model TEXT,\n {2}explanation TEXT\n/, '\n'),
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

  it.each(['new', 'of an earlier version'])(
    'gives the disk back what was trimmed, a file that is %s',
    async (kind) => {
      const directory = temporaryDirectory();
      const file = join(directory, 'vigia.db');
      if (kind !== 'new') {
        const earlier = new Libsql(file);
        earlier.exec(SCHEMA);
        earlier.exec('PRAGMA user_version = 4');
        earlier.close();
      }
      const store = open(directory, {
        retention: DAY,
        rollupRetention: { '1m': DAY, '1h': DAY },
        deadLetterMax: 5,
      });
      const now = Date.now();
      const written = 10 * 20_000;
      for (let i = 0, expectedVersion: string | null = null; i < written; i += 20_000) {
        const samples = Array.from({ length: 20_000 }, (_, j) => ({
          ts: now - 10 * DAY + (i + j) * 1000,
          value: j,
        }));
        const verdicts = samples.map(({ ts }) => ({ ts, expected: ts / 7, score: ts / 3 }));
        const rest = { next: next(now), alerts: [], duplicates: 0 };
        const [result] = await store.series.commit([{ series, expectedVersion, samples, verdicts, ...rest }]);
        expectedVersion = (result as { version: string }).version;
      }
      await store.trim(now - 9 * DAY);
      const before = statSync(file).size;
      expect(before).toBeGreaterThan(3e6);
      await store.trim(now);
      expect(statSync(file).size).toBeLessThan(before / 2);
      expect(await store.series.range(series, 0, now)).toEqual([]);
      expect(await store.check!()).toEqual([]);
    },
  );

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

describe('a damaged page', () => {
  const names = ['a', 'b', 'c'];
  const value = (sensor: string) => 1000.5 + names.indexOf(sensor);
  const COUNT = 9000;
  const commitOf = (sensor: string, first: number, count: number, expectedVersion: string | null) => ({
    series: { sensor, metric: 'm' },
    expectedVersion,
    samples: Array.from({ length: count }, (_, i) => ({ ts: first + i, value: value(sensor) })),
    verdicts: [],
    next: {
      ...{ state: Buffer.from(`state of ${sensor}`), snapshots: [], oldestSnapshot: 0, horizon: 9e9 },
      ...{ assignments: [], status: 'normal' as const },
    },
    alerts: [],
    duplicates: 0,
  });

  /** A database with these series, of which the middle one of the pages that contain `bytes` is damaged. */
  async function damaged(bytes: Buffer, sensors = names) {
    const directory = temporaryDirectory();
    const store = openEmbeddedStore({ directory, retention: 30 * DAY, deadLetterMax: 5 });
    await store.series.commit(sensors.map((sensor) => commitOf(sensor, 1000, COUNT / sensors.length, null)));
    await store.close();
    damagePage(directory, bytes);
    return open(directory);
  }

  it('of the readings of a series is the fault of that series; the others go on', async () => {
    const store = await damaged(storedValue(value('b')));
    const records = await store.series.load(names.map((sensor) => ({ sensor, metric: 'm' })));
    const commits = names.map((sensor, i) => commitOf(sensor, 1000 + COUNT / 3 - 1, 20, records[i]!.version));
    const results = await store.series.commit(commits);
    expect(results).toMatchObject([
      { status: 'committed' },
      {
        status: 'failed',
        error: { code: 'store_damaged', message: expect.stringMatching(/restore a backup/) },
      },
      { status: 'committed' },
    ]);
    expect(await store.series.newest({ sensor: 'c', metric: 'm' }, 1)).toEqual([
      { ts: 1000 + COUNT / 3 + 18, value: value('c') },
    ]);
    await expect(store.series.range({ sensor: 'b', metric: 'm' }, 0, 9e9)).rejects.toMatchObject({
      code: 'store_damaged',
    });
    await expect(store.trim(1000 + 30 * DAY + COUNT / 3)).rejects.toMatchObject({ code: 'store_damaged' });
    expect(await store.series.range({ sensor: 'c', metric: 'm' }, 0, 9e9)).toHaveLength(19);
    expect(await store.check!()).not.toEqual([]);
  });

  it('of some states leaves the store to the series elsewhere', async () => {
    const sensors = Array.from({ length: 300 }, (_, i) => `sensor-${i}`);
    const store = await damaged(Buffer.from('state of sensor-150'), sensors);
    const records = await store.series.load(sensors.map((sensor) => ({ sensor, metric: 'm' })));
    expect(records[150]).toBeNull();
    const commits = sensors.map((sensor, i) => commitOf(sensor, 9000, 1, records[i]?.version ?? null));
    const results = await store.series.commit(commits);
    const readable = sensors.filter((_, i) => records[i] !== null);
    expect(readable.length).toBeGreaterThan(200);
    results.forEach((result, i) => {
      const expected = records[i]
        ? { status: 'committed' }
        : { status: 'failed', error: { code: 'store_damaged' } };
      expect(result, sensors[i]!).toMatchObject(expected);
    });
    expect((await store.series.list()).map(({ sensor }) => sensor)).toEqual([...readable].sort());
    const all = await store.series.summaries(sensors.map((sensor) => ({ sensor, metric: 'm' })));
    expect(all.map((summary) => summary !== null)).toEqual(records.map((record) => record !== null));
  });

  it('is not in a sound database', async () => {
    const store = open(temporaryDirectory());
    await store.series.commit([commitOf('a', 1000, 10, null)]);
    expect(await store.check!()).toEqual([]);
  });
});
