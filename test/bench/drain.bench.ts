/**
 * How fast a backlog in Mosquitto is drained, everything on this machine's cores: by a count-only MQTT.js subscriber (the
 * yardstick: it stores and scores nothing), by one bridge and by three on one shared subscription, into Redis
 * (TEST_REDIS_URL, else Debian's redis-server) and into the embedded store.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import mqtt from 'mqtt';
import { describe, expect, it } from 'vitest';
import { waitForOutput } from '../helpers/child.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { RedisServer } from '../helpers/redis-server.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { publishBacklog } from './backlog.ts';

const SERIES = Number(process.env.BENCH_SERIES ?? 1000);
const PER_SERIES = Number(process.env.BENCH_READINGS ?? 200);
const TOTAL = SERIES * PER_SERIES;
const START = Math.floor(Date.now() / 1000) * 1000 - 86_400_000;
const FILTER = '$share/vigia/sensors/+/+';
const results: [name: string, rate: number, rest: string][] = [];

/** Seconds of CPU that a process has used. */
function cpuOf(pid: number): number {
  const fields = execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' }).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

async function countOnly(): Promise<void> {
  const broker = await startMosquitto();
  const options = { clientId: 'counter', clean: false } as const;
  const first = await mqtt.connectAsync(broker.url, options);
  await first.subscribeAsync(FILTER, { qos: 1 });
  await first.endAsync();
  await publishBacklog({ port: broker.port, series: SERIES, perSeries: PER_SERIES, start: START });
  let count = 0;
  let started = 0;
  const client = mqtt.connect(broker.url, options);
  await new Promise<void>((resolve) => {
    client.on('message', () => {
      if (++count === TOTAL / 10) started = performance.now();
      if (count === TOTAL) resolve();
    });
  });
  const rate = (TOTAL * 0.9) / ((performance.now() - started) / 1000);
  results.push(['count-only MQTT.js', rate, '']);
  await client.endAsync();
}

async function bridges(
  name: string,
  replicas: number,
  env: Record<string, string>,
  redis?: Redis,
): Promise<void> {
  const broker = await startMosquitto();
  const open = async (i: number) => {
    const child = vigia(['bridge', '--port', '0', '--data', data[i]!], {
      env: { MQTT_URL: broker.url, MQTT_CLIENT_ID: `bench-${i}`, LOG_LEVEL: 'error', ...env },
    });
    const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
    await waitFor('readiness', async () => (await fetch(`${url}/readyz`)).status === 200);
    return { child, url: url! };
  };
  const data = Array.from({ length: replicas }, () => temporaryDirectory());
  const indices = data.map((_, i) => i);
  // Once, so that the sessions exist.
  for (const { child } of await Promise.all(indices.map(open))) await child.kill('SIGTERM');
  await publishBacklog({ port: broker.port, series: SERIES, perSeries: PER_SERIES, start: START });
  const redisCpu = async () => {
    if (!redis) return 0;
    const info = await redis.info('cpu');
    return ['user', 'sys'].reduce(
      (sum, kind) => sum + Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(info)![1]),
      0,
    );
  };
  const running = await Promise.all(indices.map(open));
  // Seldom, because a scrape takes a millisecond of the bridge.
  const committed = async () => {
    await pause(200);
    const counts = running.map(({ url }) => metric(url, 'vigia_readings_total', 'result="committed"'));
    return (await Promise.all(counts)).reduce((a, b) => a + b, 0);
  };
  const cpu = () => running.reduce((sum, { child }) => sum + cpuOf(child.process.pid!), 0);
  const begin = { count: 0, time: 0, cpu: 0, redis: 0 };
  await waitFor(
    'the first tenth',
    async () => {
      begin.count = await committed();
      return begin.count >= TOTAL / 10;
    },
    60_000,
  );
  Object.assign(begin, { time: performance.now(), cpu: cpu(), redis: await redisCpu() });
  await waitFor('the drain', async () => (await committed()) >= TOTAL, 600_000);
  const seconds = (performance.now() - begin.time) / 1000;
  const n = TOTAL - begin.count;
  const retries = await Promise.all(running.map(({ url }) => metric(url, 'vigia_commit_retries_total')));
  const commits = await Promise.all(running.map(({ url }) => metric(url, 'vigia_commits_total')));
  const memory = await Promise.all(running.map(({ url }) => metric(url, 'process_resident_memory_bytes')));
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  expect(await committed()).toBe(TOTAL);
  const parts = [
    `bridge ${(((cpu() - begin.cpu) / n) * 1e6).toFixed(1)} µs`,
    ...(redis ? [`Redis ${((((await redisCpu()) - begin.redis) / n) * 1e6).toFixed(1)} µs`] : []),
    `${(TOTAL / sum(commits)).toFixed(1)} readings/commit`,
    `${(sum(retries) / sum(commits)).toFixed(2)} retries/commit`,
    `${(Math.max(...memory) / 2 ** 20).toFixed(0)} MB`,
  ];
  results.push([name, n / seconds, parts.join(', ')]);
  for (const { child } of running) await child.kill();
}

describe(`draining ${TOTAL} readings of ${SERIES} series`, () => {
  it('by the yardstick', countOnly);

  it('by one bridge into the embedded store', () => bridges('1 bridge, embedded', 1, {}));

  for (const replicas of [1, 3]) {
    it(`by ${replicas} into Redis`, async () => {
      const server = process.env.TEST_REDIS_URL ? null : await RedisServer.start();
      const url = process.env.TEST_REDIS_URL ?? server!.url;
      const redis = new Redis(url);
      await redis.flushall();
      await bridges(
        `${replicas} bridge${replicas > 1 ? 's' : ''}, Redis`,
        replicas,
        { REDIS_URL: url },
        redis,
      );
      await redis.quit();
      await server?.stop();
    });
  }

  it('compared', () => {
    const [, yardstick] = results[0]!;
    for (const [name, rate, rest] of results) {
      console.log(
        `${name.padEnd(22)}${rate.toFixed(0).padStart(8)}/s ${(rate / yardstick).toFixed(2)}x  ${rest}`,
      );
    }
  });
});
