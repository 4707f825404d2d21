/** The embedded store on a disk that is full: nothing acknowledged is lost, what is deleted makes room, and it goes on by itself. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

const DAY = 86_400_000;
const NOW = Date.now();

/** Mounts a file system of 16 MB. @returns whether it could */
const mount = (directory: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', directory]).status === 0;
const unmount = (directory: string) => spawnSync('umount', ['-l', directory]);

const probe = mkdtempSync(join(tmpdir(), 'vigia-test-'));
const mountable = mount(probe);
if (mountable) unmount(probe);
rmSync(probe, { recursive: true });

function disk(): string {
  const directory = temporaryDirectory();
  onTestFinished(() => void unmount(directory));
  expect(mount(directory)).toBe(true);
  return directory;
}

function open(directory: string): Store {
  const rollupRetention = { '1m': DAY, '1h': DAY };
  const store = openEmbeddedStore({
    directory,
    reserve: 3 * 2 ** 20,
    retention: DAY,
    rollupRetention,
    deadLetterMax: 5,
  });
  onTestFinished(() => store.close());
  return store;
}

/** Fills what is left of the disk. @returns the file to remove */
function fill(directory: string): string {
  const file = join(directory, 'other');
  for (let left = 1; left > 0; ) {
    const { bavail, bsize } = statfsSync(directory);
    left = bavail;
    if (left > 0) writeFileSync(file, Buffer.alloc(Math.min(bavail * bsize, 2 ** 20)), { flag: 'a' });
  }
  return file;
}

/** Commits readings of two days ago. */
async function put(store: Store, sensor: string, n: number, first = 0) {
  const series = { sensor, metric: 'm' };
  const expectedVersion = (await store.series.load([series]))[0]?.version ?? null;
  const samples = Array.from({ length: n }, (_, i) => ({ ts: NOW - 2 * DAY + (first + i) * 1000, value: i }));
  const verdicts = samples.map(({ ts }) => ({ ts, expected: ts / 7, score: ts / 3 }));
  const next = {
    ...{ state: new Uint8Array(900), snapshots: [], oldestSnapshot: 0, horizon: NOW, assignments: [] },
    status: 'normal' as const,
  };
  const rest = { alerts: [], duplicates: 0 };
  const [result] = await store.series.commit([{ series, expectedVersion, samples, verdicts, next, ...rest }]);
  expect(result).toMatchObject({ status: 'committed' });
}

describe.skipIf(!mountable)('the embedded store on a full disk (needs mount)', () => {
  it('refuses with the reason, keeps what it has, and goes on by itself', async () => {
    const directory = disk();
    const store = open(directory);
    await put(store, 'a', 2000);
    const other = fill(directory);
    const filled = async () => {
      for (let i = 0; ; i++) await put(store, 'b', 500, 500 * i);
    };
    await expect(filled()).rejects.toThrow(StoreUnavailable);
    await expect(filled()).rejects.toThrow(/full/);
    const stored = await store.series.range({ sensor: 'b', metric: 'm' }, 0, NOW);
    expect(stored.length % 500).toBe(0);
    expect(await store.series.range({ sensor: 'a', metric: 'm' }, 0, NOW)).toHaveLength(2000);
    rmSync(other);
    await put(store, 'b', 500, stored.length);
    await store.ping();
    expect(await store.check!()).toEqual([]);
  });

  it('makes room when a series is removed or trimmed', async () => {
    const directory = disk();
    const store = open(directory);
    for (let i = 0; i < 10; i++) await put(store, `s${i % 2}`, 5000, 5000 * i);
    fill(directory);
    const filled = async () => {
      for (let i = 0; ; i++) await put(store, 'b', 500, 500 * i);
    };
    await expect(filled()).rejects.toThrow(/full/);
    expect(await store.series.remove({ sensor: 's0', metric: 'm' })).toBe(true);
    await put(store, 'c', 500);
    await expect(filled()).rejects.toThrow(/full|conflict/);
    await store.trim(NOW);
    await put(store, 'd', 5000);
    expect(await store.check!()).toEqual([]);
  });
});
