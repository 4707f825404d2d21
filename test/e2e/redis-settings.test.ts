/** The settings of the Redis store as a user gives them: what they lead to, and what is said where they cannot be right. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { certificates, OPENSSL } from '../helpers/certificates.ts';
import { waitForOutput } from '../helpers/child.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { publishReadings } from '../helpers/publisher.ts';
import { freePort, RedisServer, withoutWaitaof } from '../helpers/redis-server.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, runVigia, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const START = Date.now() - 3_600_000;

async function bridge(mqttUrl: string, env: Record<string, string>) {
  const child = vigia(['bridge', '--port', '0', '--data', temporaryDirectory()], {
    env: { MQTT_URL: mqttUrl, MQTT_CLIENT_ID: 'test-bridge', LOG_LEVEL: 'info', ...env },
  });
  const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
  await waitFor('readiness', async () => (await fetch(`${url}/readyz`)).status === 200);
  return { ...child, url: url! };
}

const post = (url: string, sensor: string) =>
  fetch(`${url}/api/readings`, {
    method: 'POST',
    body: JSON.stringify([{ sensor, metric: 'm', value: 1, ts: START }]),
  });

describe.skipIf(!MOSQUITTO || !REDIS)('the Redis of a bridge (needs mosquitto and redis-server)', () => {
  it('is the one that REDIS_HOST names, as in the replaced system', async () => {
    const [broker, redis] = await Promise.all([startMosquitto(), startRedis()]);
    const { url } = await bridge(broker.url, { REDIS_HOST: `127.0.0.1:${redis.port}` });
    expect((await post(url, 's')).status).toBe(200);
    expect(await redis.command('EXISTS', 'vigia:{s/m}:state')).toBe(1);
  });

  it.skipIf(!OPENSSL)(
    'is asked by TLS, for the user of REDIS_URL_FILE, and known by REDIS_CA_FILE',
    async () => {
      const directory = temporaryDirectory();
      const file = (name: string, text: string) => {
        writeFileSync(join(directory, name), text);
        return join(directory, name);
      };
      const { ca, signed } = certificates('redis');
      const [tlsPort, broker] = await Promise.all([freePort(), startMosquitto()]);
      const redis = await startRedis([
        ...['--tls-port', String(tlsPort), '--tls-auth-clients', 'no', '--tls-ca-cert-file', file('ca', ca)],
        ...['--tls-cert-file', file('cert', signed[0]!.cert), '--tls-key-file', file('key', signed[0]!.key)],
        ...['--user', 'vigia', 'on', '>p@ss', '~vigia:*', '&vigia:*', '+@all'],
      ]);
      const REDIS_URL_FILE = file('url', `rediss://vigia:p%40ss@127.0.0.1:${tlsPort}\n`);
      const { url, output } = await bridge(broker.url, { REDIS_URL_FILE, REDIS_CA_FILE: file('own', ca) });
      expect((await post(url, 's')).status).toBe(200);
      expect(await redis.command('EXISTS', 'vigia:{s/m}:state')).toBe(1);
      expect(output()).not.toContain('p%40ss');
      expect(output()).not.toContain('p@ss');
    },
  );

  it('is named with the key that holds something else; that reading waits, the others do not', async () => {
    const [broker, redis] = await Promise.all([startMosquitto(), startRedis()]);
    const child = await bridge(broker.url, { REDIS_URL: redis.url });
    await redis.command('SET', 'vigia:{bad/temperature}:value', 'foreign');
    const readings = ['bad', 'good'].map((sensor) => ({ sensor, ts: START, value: 1 }));
    await publishReadings(broker.url, readings).done;
    await waitForOutput(child, /"msg":"series cannot be written; its readings wait"/);
    expect(child.output()).toMatch(/vigia:\{bad\/temperature\}:value' is a string, not a zset/);
    const committed = () => metric(child.url, 'vigia_readings_total', 'result="committed"');
    await waitFor('the good one', async () => (await committed()) === 1);
    expect(await metric(child.url, 'vigia_readings_in_flight')).toBe(1);
    expect((await post(child.url, 'other')).status).toBe(200);
    // The broker has no acknowledgement of it: another process gets it again.
    await child.kill('SIGKILL');
    const second = await bridge(broker.url, { REDIS_URL: redis.url });
    await redis.command('DEL', 'vigia:{bad/temperature}:value');
    await waitFor(
      'the reading that waited',
      async () => (await redis.command('ZCARD', 'vigia:{bad/temperature}:value')) === 1,
    );
    expect(await metric(second.url, 'vigia_readings_total', 'result="dead_lettered"')).toBe(0);
  });
});

describe.skipIf(!REDIS)('a Redis that cannot be used (needs redis-server)', () => {
  const start = async (...args: string[]) => {
    const server = await RedisServer.start(args);
    onTestFinished(() => server.stop());
    return server.url;
  };

  it('ends the start with a message that names the setting', async () => {
    const plain = await start('--appendonly', 'yes', ...withoutWaitaof());
    const secret = await start('--requirepass', 'right');
    const refused = async (env: Record<string, string>, said: RegExp) => {
      const args = ['bridge', '--port', '0', '--data', temporaryDirectory()];
      const all = { MQTT_URL: 'mqtt://127.0.0.1:1', LOG_LEVEL: 'silent', ...env };
      const { code, output } = await runVigia(args, { env: all });
      expect(output).toMatch(said);
      expect(output).not.toMatch(/wrong-secret|\n\s+at /);
      expect(code).toBe(1);
    };
    await Promise.all([
      refused({ REDIS_URL: 'http://x' }, /REDIS_URL: must begin with redis:/),
      refused({ REDIS_URL: 'redis://a,b' }, /REDIS_URL 'redis:\/\/a,b' names several hosts/),
      refused({ REDIS_URL: secret }, /REDIS_URL cannot be used: .*password or user in REDIS_URL is missing/),
      refused(
        { REDIS_URL: secret.replace('//', '//:wrong-secret@') },
        /REDIS_URL cannot be used: .*password or user in REDIS_URL is missing or wrong/,
      ),
      refused(
        { REDIS_URL: plain, REDIS_DURABILITY: 'fsync' },
        /REDIS_DURABILITY=fsync needs Redis >= 7.2 or Valkey/,
      ),
      refused(
        { REDIS_URL: plain, REDIS_LAYOUT: 'timeseries' },
        /REDIS_LAYOUT=timeseries needs .*RedisTimeSeries/,
      ),
      refused({ REDIS_URL: plain, REDIS_CA_FILE: '/none' }, /REDIS_CA_FILE: cannot read '\/none'/),
    ]);
  });

  it('that is away at the start of a bridge is waited for', async () => {
    const port = await freePort();
    const child = vigia(['bridge', '--port', '0', '--data', temporaryDirectory()], {
      env: { MQTT_URL: 'mqtt://127.0.0.1:1', REDIS_URL: `redis://127.0.0.1:${port}` },
    });
    // Longer than any other command waits.
    const lines = () => child.output().match(/REDIS_URL cannot be used: .*; trying again/g)?.length ?? 0;
    await waitFor('the third line of the log', () => lines() >= 3, 60_000);
    const server = await RedisServer.start([], { port });
    onTestFinished(() => server.stop());
    await waitForOutput(child, /open\s+http:/);
  }, 120_000);
});
