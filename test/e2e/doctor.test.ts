/** `vigia doctor` against real servers: what is right, and what is wrong by the setting to change. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { artifactBytes } from '../../models/artifact.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { freePort } from '../helpers/child.ts';
import { damagePage, storedValue } from '../helpers/damaged-database.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { overflowingArtifact } from '../helpers/small-model.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia, serve } from '../helpers/vigia.ts';
import { fill } from '../unit/http-fixture.ts';

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
}

/** A port that a program has which says 200 to everything. */
async function takenPort(): Promise<string> {
  const server = createServer((_request, response) => response.end('{"status":"ready"}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return String((server.address() as AddressInfo).port);
}

async function doctor(env: Record<string, string>, args: readonly string[] = []) {
  const { code, output } = await runVigia(['doctor', '--json', ...args], {
    env: {
      DATA_DIR: join(temporaryDirectory(), 'data'),
      PORT: String(await freePort()),
      MQTT_PORT: String(await freePort()),
      ...env,
    },
  });
  const found = JSON.parse(output) as Finding[];
  return {
    code,
    output,
    of: (check: string) => found.find((finding) => finding.check === check)!,
    failures: found
      .filter(({ status }) => status === 'fail')
      .map(({ check, detail }) => `${check}: ${detail}`),
  };
}

describe('vigia doctor', () => {
  it('finds nothing wrong where nothing runs yet', async () => {
    const { code, of } = await doctor({});
    expect(code).toBe(0);
    expect(of('store')).toMatchObject({ status: 'ok', detail: expect.stringContaining('first start') });
    expect(of('model').detail).toMatch(/shipped/);
    expect(of('settings').detail).toBe('not the defaults: DATA_DIR, LOG_LEVEL, MQTT_PORT, PORT');
    expect(of('clock')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('nothing to compare'),
    });
  });

  it('says what memory or disk a load needs, and whether it fits', async () => {
    const sizes = async (load: string, env: Record<string, string> = {}) => {
      const { output } = await doctor(env, ['--size', load]);
      return (JSON.parse(output) as Finding[]).filter(({ check }) => check === 'size');
    };
    const small = await sizes('3x1/h');
    expect(small.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(small.at(-1)!.detail).toContain('enough for this load');
    const large = await sizes('100000000x10/s');
    expect(large[0]!.detail).toMatch(/RedisTimeSeries, memory: .* TB after 30 days, .* TB after a year/);
    expect(large.at(-1)).toMatchObject({
      status: 'warn',
      detail: expect.stringMatching(/full after .*RETENTION_1M/),
    });
    const wrong = await runVigia(['doctor', '--size', 'many']);
    expect(wrong).toMatchObject({ code: 1, output: expect.stringContaining('10000x1/m') });
  });

  it('reads access list, users, certificate and proxies as the start does', async () => {
    const { code, output, failures } = await doctor({
      MQTT_ACL: 'garbage',
      MQTT_USERS: 'boiler:not-hashed',
      MQTT_TLS_CERT: 'x',
      MQTT_TLS_KEY: 'y',
      TRUST_PROXY: 'zzz',
    });
    expect(code).toBe(1);
    expect(failures).toEqual([
      expect.stringMatching(/^settings: MQTT_USERS/),
      expect.stringMatching(/^settings: MQTT_ACL/),
      expect.stringMatching(/^settings: MQTT_TLS_CERT, MQTT_TLS_KEY: /),
      expect.stringMatching(/^settings: TRUST_PROXY: /),
    ]);
    expect(output).not.toContain('not-hashed');
  });

  it('fails where other programs have the ports, whatever they answer, and warns of a clock that was set back', async () => {
    const directory = temporaryDirectory();
    const store = openEmbeddedStore({ directory, retention: 30 * 86_400_000, deadLetterMax: 1 });
    const ts = Date.now() + 86_400_000;
    await fill(store, { sensor: 's', metric: 'm' }, [{ ts, value: 1 }]);
    await store.close();
    const env = { DATA_DIR: directory, PORT: await takenPort(), MQTT_PORT: await takenPort() };
    const { code, of, failures } = await doctor(env);
    expect(code).toBe(1);
    expect(failures.sort()).toEqual([
      expect.stringMatching(/^broker: MQTT_PORT: .* is already in use/),
      expect.stringMatching(/^http: PORT: .* is already in use/),
    ]);
    expect(of('clock')).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining(new Date(ts).toISOString()),
    });
  });

  it('says what a sample message becomes', async () => {
    const args = (payload: string) => ['--topic', 'sensors/boiler/temperature', '--payload', payload];
    const good = await doctor({}, args('{"value": 61.5, "ts": "2999-01-01T00:00:00Z"}'));
    expect(good.code).toBe(1);
    expect(good.of('sample').detail).toMatch(/dead letter \(in-the-future\), ts: /);
    expect((await doctor({}, args('61.5'))).of('sample')).toMatchObject({
      status: 'ok',
      detail: 'boiler/temperature = 61.5 °C at the time of its arrival',
    });
    const bad = await doctor({}, args('{"value": "warm"}'));
    expect([bad.code, bad.of('sample').status]).toEqual([1, 'fail']);
    expect(bad.of('sample').detail).toMatch(/bad-value.*value/);
  });

  it('tries the model of MODEL_DIR', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'model.json'), artifactBytes(overflowingArtifact()));
    const { code, of } = await doctor({ MODEL_DIR: directory });
    expect(code).toBe(1);
    expect(of('model')).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/^MODEL_DIR.*no finite forecast/),
    });
  });

  it('names MODEL_DIR and PORT', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'model'));
    writeFileSync(join(directory, 'model', 'model.json'), '{"format": 1');
    const { code, of } = await doctor({ MODEL_DIR: join(directory, 'model') });
    expect(code).toBe(1);
    expect(of('model')).toMatchObject({ status: 'fail', detail: expect.stringContaining('model.json') });
    const data = join(directory, 'data');
    const [port, mqttPort] = [String(await freePort()), String(await freePort())];
    await serve(['--no-devices', '--data', data, '--port', port, '--mqtt-port', mqttPort]);
    const running = await doctor({ DATA_DIR: data, PORT: port, MQTT_PORT: mqttPort });
    expect(running.code).toBe(0);
    expect(running.output).toMatch(
      /MQTT_PORT \d+ is in use, and the Vigía that answers at PORT is a `vigia serve`/,
    );
    expect(running.of('http').detail).toMatch(/is ready$/);
    expect(running.of('store').detail).toMatch(/in use by the Vigía/);
  });

  it.skipIf(!REDIS || !MOSQUITTO)('looks at broker and Redis, and leaves nothing behind', async () => {
    const [redis, broker] = [await startRedis(), await startMosquitto()];
    const env = { REDIS_URL: redis.url, MQTT_URL: broker.url };
    const { code, of } = await doctor(env);
    expect(code).toBe(0);
    expect(of('store').detail).toMatch(/layout sorted-set.*0 series/);
    expect(of('clock')).toMatchObject({ status: 'ok' });
    expect(of('broker')).toMatchObject({ status: 'ok' });
    const keys = ((await redis.command('KEYS', '*')) as unknown[]).map(String).sort();
    expect(keys).toEqual(['vigia:formats', 'vigia:layout', 'vigia:ping']);
  });

  it.skipIf(!REDIS)('names REDIS_URL for a wrong password, and does not show it', async () => {
    const redis = await startRedis(['--requirepass', 'right']);
    const { code, output, of } = await doctor({ REDIS_URL: redis.url.replace('//', '//:wrong-secret@') });
    expect(code).toBe(1);
    expect(of('store')).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/REDIS_URL.*password/),
    });
    expect(output).not.toContain('wrong-secret');
  });

  it('finds a damaged page of the embedded store, and says that a backup is needed', async () => {
    const directory = temporaryDirectory();
    const store = openEmbeddedStore({ directory, retention: 1e12, deadLetterMax: 5 });
    const samples = Array.from({ length: 1000 }, (_, i) => ({ ts: i, value: 1000.5 }));
    await fill(store, { sensor: 's', metric: 'm' }, samples);
    await store.close();
    expect((await doctor({ DATA_DIR: directory })).failures).toEqual([]);
    damagePage(directory, storedValue(1000.5));
    const { code, failures } = await doctor({ DATA_DIR: directory });
    expect(code).toBe(1);
    expect(failures[0]).toMatch(/^store: DATA_DIR: the database is damaged: restore a backup \(/);
  });

  it('names REDIS_URL and MQTT_URL where nobody answers', async () => {
    const [redis, broker] = [await freePort(), await freePort()];
    const directory = join(temporaryDirectory(), 'data');
    const { code, of } = await doctor({
      DATA_DIR: directory,
      REDIS_URL: `redis://127.0.0.1:${redis}`,
      REDIS_TIMEOUT: '1s',
      MQTT_URL: `mqtt://u:hidden@127.0.0.1:${broker}`,
    });
    expect(code).toBe(1);
    expect(of('store')).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/REDIS_URL.*ECONNREFUSED/),
    });
    expect(of('data')).toBeUndefined();
    expect(existsSync(directory)).toBe(false);
    expect(of('broker')).toMatchObject({ status: 'fail', detail: expect.stringContaining('MQTT_URL') });
    expect(of('broker').detail).not.toContain('hidden');
  }, 30_000);
});
