/** Ready means that readings can be stored: what /readyz and `vigia_store_up` say while a commit could not be written. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { waitForOutput } from '../helpers/child.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { has } from '../helpers/redis-server.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, serve, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const START = Date.now() - 3_600_000;

const post = (url: string, sensor: string) =>
  fetch(`${url}/api/readings`, {
    method: 'POST',
    body: JSON.stringify([{ sensor, metric: 'm', value: 1, ts: START }]),
  });

async function readiness(url: string): Promise<{ status: number; reason: string; up: number }> {
  const response = await fetch(`${url}/readyz`);
  const { reason = '' } = (await response.json()) as { reason?: string };
  return { status: response.status, reason, up: await metric(url, 'vigia_store_up') };
}

const ready = (url: string) => waitFor('readiness', async () => (await readiness(url)).status === 200);

/** Waits until it is not ready for this reason, and the metric says the same. */
const unready = (url: string, reason: RegExp, deadlineMs?: number) =>
  waitFor(
    `no readiness: ${reason}`,
    async () => {
      const found = await readiness(url);
      if (found.status === 503 && found.up === 0 && reason.test(found.reason)) return true;
      throw new Error(JSON.stringify(found));
    },
    deadlineMs,
  );

describe.skipIf(!has('prlimit'))('a disk that takes no more (needs prlimit)', () => {
  it('is noticed, and goes on without a restart when it has room again', async () => {
    const directory = temporaryDirectory();
    const server = await serve(['--data', directory]);
    expect((await post(server.url, 's')).status).toBe(200);
    await ready(server.url);
    // No file of the process may grow.
    const limit = (bytes: string) =>
      spawnSync('prlimit', ['--pid', String(server.process.pid), `--fsize=${bytes}`]);
    const size = Math.max(
      ...['vigia.db', 'vigia.db-wal'].map((file) => statSync(join(directory, file)).size),
    );
    expect(limit(`${Math.min(size, 4096)}:unlimited`).status).toBe(0);
    await unready(server.url, /embedded store/);
    expect((await post(server.url, 's2')).status).toBe(503);
    expect(limit('unlimited:unlimited').status).toBe(0);
    await ready(server.url);
    expect((await post(server.url, 's2')).status).toBe(200);
    expect(await metric(server.url, 'vigia_store_up')).toBe(1);
  });
});

describe.skipIf(!MOSQUITTO || !REDIS)(
  'a Redis that takes no commit (needs mosquitto and redis-server)',
  () => {
    async function start() {
      const user = ['--user', 'vigia', 'on', '>pw', '~vigia:*', '&vigia:*', '+@all'];
      const [broker, redis] = await Promise.all([startMosquitto(), startRedis(user)]);
      const child = vigia(['bridge', '--port', '0', '--data', temporaryDirectory()], {
        env: { MQTT_URL: broker.url, REDIS_URL: redis.url.replace('//', '//vigia:pw@') },
      });
      const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
      await ready(url!);
      return { redis, url: url! };
    }

    it('because its user may not run a command of the script', async () => {
      const { redis, url } = await start();
      expect((await post(url, 's')).status).toBe(200);
      for (const command of ['evalsha', 'zadd']) {
        await redis.command('ACL', 'SETUSER', 'vigia', `-${command}`);
        await unready(url, /run/);
        await redis.command('ACL', 'SETUSER', 'vigia', `+${command}`);
        await ready(url);
      }
      expect((await post(url, 's')).status).toBe(200);
      expect(await redis.command('KEYS', '*probe*')).toEqual([]);
      expect(await redis.command('KEYS', 'vigia:{vigia:ping*')).toEqual([]);
    });

    it('of no series, although it can be written', async () => {
      const { redis, url } = await start();
      expect((await post(url, 's')).status).toBe(200);
      await redis.command('SET', 'vigia:{s/m}:value', 'foreign');
      await redis.command('HSET', 'vigia:{t/m}:state', 'f', '99', 'v', 'x');
      const tried = setInterval(
        () => void Promise.all([post(url, 's'), post(url, 't')]).catch(() => {}),
        1000,
      );
      try {
        await unready(url, /no series can be written, 2 were tried: Redis key 'vigia:\{[st]\/m\}/, 40_000);
      } finally {
        clearInterval(tried);
      }
      expect((await post(url, 'other')).status).toBe(200);
      await ready(url);
    });
  },
);
