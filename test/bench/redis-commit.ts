/**
 * What one reading costs Redis, and this process, in a commit: µs of CPU per reading (Redis: INFO, main thread; here:
 * process.cpuUsage) at different numbers of readings per series and batch. Starts redis-server, or uses the one that
 * TEST_REDIS_URL names, and removes its `vigia:*` keys. Run it on Node 20 with
 * `node -e "import('vite').then((v) => v.runnerImport('./test/bench/redis-commit.ts'))"`; ONLY=timeseries/1/0 picks one line.
 */
import { Redis } from 'ioredis';
import pino from 'pino';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { SeriesCommit, Store } from '../../src/store/store.ts';
import { RedisServer } from '../helpers/redis-server.ts';

const SERIES = 1000;
const READINGS = 100_000;
/** Bytes of a state with a window of 32 values. */
const STATE = Buffer.alloc(900, 7);

const server = process.env.TEST_REDIS_URL ? null : await RedisServer.start();
const url = process.env.TEST_REDIS_URL ?? server!.url;
const client = new Redis(url);
const logger = pino({ level: 'silent' });

async function redisCpu(): Promise<number> {
  const info = await client.info('cpu');
  const of = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)![1]);
  return (of('used_cpu_user_main_thread') + of('used_cpu_sys_main_thread')) * 1e6;
}

async function clear(): Promise<void> {
  const keys = await client.keys('vigia:*');
  for (let i = 0; i < keys.length; i += 1000) await client.unlink(...keys.slice(i, i + 1000));
}

/** @param late how many readings back the batch begins, for out-of-order arrival; 0: every reading is the newest */
async function measure(store: Store, perBatch: number, batchSeries: number, late = 0): Promise<string> {
  const versions: (string | null)[] = new Array(SERIES).fill(null);
  const ts = Date.now() - 3 * 86_400_000;
  let turn = 0;
  const batch = async (count: number) => {
    const commits: SeriesCommit[] = [];
    const which: number[] = [];
    for (let s = 0; s < batchSeries; s++) {
      const index = turn++ % SERIES;
      which.push(index);
      const round = Math.floor((turn - 1) / SERIES);
      const base = ts + round * 1000 * perBatch;
      const samples = Array.from({ length: count }, (_, i) => ({
        ts: base + i * 1000 - (late ? late * 1000 - 500 : 0),
        value: 20 + Math.round(1000 * Math.sin(index + round + i)) / 100,
      }));
      const scored = late
        ? Array.from({ length: late + 1 }, (_, i) =>
            i === 0 ? samples[0]!.ts : base + (i - late - 1) * 1000,
          )
        : samples.map((sample) => sample.ts);
      commits.push({
        series: { sensor: `sensor-${index}`, metric: 'temperature' },
        expectedVersion: versions[index]!,
        samples,
        verdicts: scored.map((at) => ({
          ts: at,
          expected: 20.123456789 + Math.sin(at),
          score: Math.random(),
        })),
        next: {
          state: STATE,
          snapshots: [],
          oldestSnapshot: 0,
          horizon: -1,
          ...(versions[index] === null && { assignments: [{ from: 0, model: 'default' }] }),
          status: 'normal',
        },
        alerts: [],
        duplicates: 0,
      });
    }
    for (const [i, result] of (await store.series.commit(commits)).entries()) {
      if (result.status !== 'committed') throw new Error(JSON.stringify(result));
      versions[which[i]!] = result.version;
    }
  };
  const rounds = Math.max(1, Math.round(READINGS / perBatch / batchSeries / (late ? 10 : 1)));
  const warm = late ? 300 : Math.ceil(SERIES / batchSeries);
  if (late) {
    const keep = late;
    late = 0;
    for (let i = 0; i < warm * (SERIES / batchSeries); i++) await batch(perBatch);
    late = keep;
  } else for (let i = 0; i < warm; i++) await batch(perBatch);
  const [redis, own, clock] = [await redisCpu(), process.cpuUsage(), performance.now()];
  for (let i = 0; i < rounds; i++) await batch(perBatch);
  const n = rounds * perBatch * batchSeries;
  const used = process.cpuUsage(own);
  const micro = (total: number) => (total / n).toFixed(1).padStart(7);
  return `${micro((await redisCpu()) - redis)} µs Redis ${micro(used.user + used.system)} µs here ${micro(1000 * (performance.now() - clock))} µs clock`;
}

const options = { url, durability: 'memory', retention: 30 * 86_400_000, deadLetterMax: 10, logger } as const;
for (const layout of ['timeseries', 'sorted-set'] as const) {
  for (const [perBatch, batchSeries, late] of [
    [1, 500, 0],
    [10, 100, 0],
    [100, 10, 0],
    [1, 50, 256],
  ] as const) {
    if (process.env.ONLY && process.env.ONLY !== `${layout}/${perBatch}/${late}`) continue;
    await clear();
    let store: Store;
    try {
      store = await openRedisStore({ ...options, layout });
    } catch (error) {
      console.log(`${layout}: ${(error as Error).message}`);
      break;
    }
    const what = late ? `late by ${late} readings` : `${perBatch} readings per series and batch`;
    console.log(
      `${layout.padEnd(11)} ${what.padEnd(34)} ${await measure(store, perBatch, batchSeries, late)}`,
    );
    await store.close();
  }
}
if (!process.env.KEEP) await clear();
client.disconnect();
await server?.stop();
