/**
 * How fast readings get from Mosquitto into a store, everything on this machine's cores: by one bridge, and by three on
 * one shared subscription, beside a publisher that sends as fast as it is acknowledged (`live`) and from a queue that has
 * filled up meanwhile (`backlog`). The yardstick is a subscriber that does nothing but count, under the same conditions.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import mqtt from 'mqtt';
import { describe, expect, it } from 'vitest';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { publishBacklog } from './backlog.ts';
import {
  type Bridge,
  benchRedis,
  cpuOf,
  openBridge,
  redisCpu,
  residentMb,
  scrape,
  stored,
  total,
} from './bridges.ts';

const SERIES = Number(process.env.BENCH_SERIES ?? 1000);
/** With fewer the compiler of V8 is still at work: at 150 a reading costs a bridge a third more than at 500. */
const PER_SERIES = Number(process.env.BENCH_READINGS ?? 500);
const TOTAL = SERIES * PER_SERIES;
const START = Math.floor(Date.now() / 1000) * 1000 - 86_400_000;
const FILTER = '$share/vigia/sensors/+/+';
const LOAD = { series: SERIES, perSeries: PER_SERIES, start: START };
/** The first part is not measured: sessions, caches and compilers warm up in it. */
const WARM_UP = TOTAL * 0.4;

/** As by default: the tests' Mosquitto writes its whole queue to the disk every second. */
const BROKER = ['autosave_interval 1800'];

type Mode = 'live' | 'backlog';

/** Readings per second from `count() >= WARM_UP` on. A look costs a bridge a millisecond, so there are few. */
async function rateOf(
  count: () => number | Promise<number>,
  onStart: () => void | Promise<void>,
): Promise<number> {
  const reached = async (wanted: number) => {
    await pause(300);
    const now = await count();
    return now >= wanted ? now : null;
  };
  const first = await waitFor('the warm-up', () => reached(WARM_UP), 300_000);
  const started = performance.now();
  await onStart();
  await waitFor('the rest', () => reached(TOTAL), 600_000);
  return (TOTAL - first) / ((performance.now() - started) / 1000);
}

async function countOnly(mode: Mode): Promise<number> {
  const broker = await startMosquitto(BROKER);
  const options = { clientId: 'counter', clean: false } as const;
  const first = await mqtt.connectAsync(broker.url, options);
  await first.subscribeAsync(FILTER, { qos: 1 });
  await first.endAsync();
  const published = publishBacklog({ port: broker.port, ...LOAD });
  if (mode === 'backlog') await published;
  let count = 0;
  const client = mqtt.connect(broker.url, options);
  client.on('message', () => {
    count++;
  });
  const rate = await rateOf(
    () => count,
    () => {},
  );
  await published;
  await client.endAsync();
  return rate;
}

interface Measured {
  readonly rate: number;
  readonly rest: string;
}

async function bridged(
  mode: Mode,
  replicas: number,
  env: Record<string, string>,
  redis?: Redis,
): Promise<Measured> {
  const broker = await startMosquitto(BROKER);
  const indices = Array.from({ length: replicas }, (_, i) => i);
  const open = () => Promise.all(indices.map((i) => openBridge(broker.url, env, i)));
  let published: Promise<void> | null = null;
  if (mode === 'backlog') {
    // Once, so that the sessions exist.
    for (const { child } of await open()) await child.kill('SIGTERM');
    await publishBacklog({ port: broker.port, ...LOAD });
  }
  const bridges: Bridge[] = await open();
  if (mode === 'live') published = publishBacklog({ port: broker.port, ...LOAD });
  const cpu = () => bridges.reduce((sum, bridge) => sum + cpuOf(bridge), 0);
  const used = { readings: 0 };
  const begun = { bridge: 0, redis: 0, readings: 0 };
  let most = 0;
  const rate = await rateOf(
    async () => {
      const scraped = await scrape(bridges);
      most = Math.max(most, residentMb(scraped));
      used.readings = stored(scraped);
      return used.readings;
    },
    async () => {
      Object.assign(begun, { ...used, bridge: cpu(), redis: redis ? await redisCpu(redis) : 0 });
    },
  );
  await published;
  const n = TOTAL - begun.readings;
  const end = await scrape(bridges);
  const commits = total(end, 'vigia_commits_total');
  // Some twice, if the broker lost a connection meanwhile.
  expect(stored(end)).toBeGreaterThanOrEqual(TOTAL);
  const micro = (seconds: number) => `${((seconds / n) * 1e6).toFixed(1)} µs`;
  const share = (name: string, of: number) => (total(end, name) / of).toFixed(2);
  const rest = [
    `bridge ${micro(cpu() - begun.bridge)}`,
    ...(redis ? [`Redis ${micro((await redisCpu(redis)) - begun.redis)}`] : []),
    `${(TOTAL / commits).toFixed(1)} readings/commit`,
    `${share('vigia_commit_retries_total', commits)} retries/commit`,
    `${share('vigia_readings_late_total{scored="yes"}', TOTAL)} late`,
    `${share('vigia_readings_handed_over_total{result="answered"}', TOTAL)} forwarded`,
    `${most.toFixed(0)} MB`,
  ].join(', ');
  for (const { child } of bridges) await child.kill('SIGTERM');
  return { rate, rest };
}

describe.each<Mode>(['live', 'backlog'])(`${TOTAL} readings of ${SERIES} series, %s`, (mode) => {
  const results: [name: string, measured: Measured][] = [];

  it('count-only', async () => {
    results.push(['count-only MQTT.js', { rate: await countOnly(mode), rest: '' }]);
  });

  it('1 bridge, embedded', async () => {
    results.push(['1 bridge, embedded', await bridged(mode, 1, {})]);
  });

  it.each([1, 3])('%s, Redis', async (replicas) => {
    const { url, client } = await benchRedis();
    results.push([
      `${replicas} bridge${replicas > 1 ? 's' : ''}, Redis`,
      await bridged(mode, replicas, { REDIS_URL: url }, client),
    ]);
  });

  it('compared', () => {
    const yardstick = results[0]![1].rate;
    for (const [name, { rate, rest }] of results) {
      console.log(
        `${mode.padEnd(8)} ${name.padEnd(20)}${rate.toFixed(0).padStart(8)}/s ${(rate / yardstick).toFixed(2)}x  ${rest}`,
      );
    }
  });
});
