/** `vigia doctor` against real servers: what is right, and what is wrong by the setting to change. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia, serve } from '../helpers/vigia.ts';

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
}

/** A port on which nothing listens. */
async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

async function doctor(env: Record<string, string>, args: readonly string[] = []) {
  const { code, output } = await runVigia(['doctor', '--json', ...args], {
    env: { DATA_DIR: join(temporaryDirectory(), 'data'), PORT: await freePort(), ...env },
  });
  const found = JSON.parse(output) as Finding[];
  return { code, output, of: (check: string) => found.find((finding) => finding.check === check)! };
}

describe('vigia doctor', () => {
  it('finds nothing wrong where nothing runs yet', async () => {
    const { code, of } = await doctor({});
    expect(code).toBe(0);
    expect(of('store')).toMatchObject({ status: 'ok', detail: expect.stringContaining('first start') });
    expect(of('model').detail).toMatch(/shipped/);
    expect(of('settings').detail).toBe('not the defaults: DATA_DIR, LOG_LEVEL, PORT');
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

  it('names MODEL_DIR and PORT', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'model'));
    writeFileSync(join(directory, 'model', 'model.json'), '{"format": 1');
    const { code, of } = await doctor({ MODEL_DIR: join(directory, 'model') });
    expect(code).toBe(1);
    expect(of('model')).toMatchObject({ status: 'fail', detail: expect.stringContaining('model.json') });
    const data = join(directory, 'data');
    const server = await serve(['--no-devices', '--data', data]);
    const running = await doctor({ DATA_DIR: data, PORT: new URL(server.url).port });
    expect(running.code).toBe(0);
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
    expect(keys).toEqual(['vigia:layout', 'vigia:ping']);
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

  it('names REDIS_URL and MQTT_URL where nobody answers', async () => {
    const [redis, broker] = [await freePort(), await freePort()];
    const { code, of } = await doctor({
      REDIS_URL: `redis://127.0.0.1:${redis}`,
      REDIS_TIMEOUT: '1s',
      MQTT_URL: `mqtt://u:hidden@127.0.0.1:${broker}`,
    });
    expect(code).toBe(1);
    expect(of('store')).toMatchObject({ status: 'fail', detail: expect.stringContaining('REDIS_URL') });
    expect(of('broker')).toMatchObject({ status: 'fail', detail: expect.stringContaining('MQTT_URL') });
    expect(of('broker').detail).not.toContain('hidden');
  }, 30_000);
});
