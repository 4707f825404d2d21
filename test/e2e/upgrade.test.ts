/** The data of release 0.1.0 under this release: nothing is lost, nothing is raised anew, and a roll-back finds all readable. */
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startChild, waitForOutput } from '../helpers/child.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { has, RedisServer } from '../helpers/redis-server.ts';
import {
  buildFormerRelease,
  FIXTURE_SERIES,
  FIXTURE_SETTINGS,
  FIXTURE_START,
  formerDataDirectory,
  hasFormerRelease,
  restoreFormerKeys,
} from '../helpers/release-0-1.ts';
import { getJson, metric, serve, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Point {
  readonly t: number;
  readonly v: number;
  readonly score?: number;
}
interface Alert {
  readonly id: string;
  readonly state: string;
  readonly acknowledged: boolean;
}

const SERIES = Object.keys(FIXTURE_SERIES) as (keyof typeof FIXTURE_SERIES)[];
const ENV = { ...FIXTURE_SETTINGS, LOG_LEVEL: 'info' };

/** The `n`th reading of a series after those of the fixture. */
function next(name: keyof typeof FIXTURE_SERIES, n: number, value: number) {
  const [sensor, metric] = name.split('/');
  const { count, stepMs } = FIXTURE_SERIES[name];
  return { sensor, metric, ts: FIXTURE_START + (count + n) * stepMs, value };
}

async function post(url: string, readings: readonly object[]): Promise<void> {
  const response = await fetch(`${url}/api/readings`, { method: 'POST', body: JSON.stringify(readings) });
  expect(response.status, await response.clone().text()).toBe(200);
  expect(((await response.json()) as { committed: number }).committed).toBe(readings.length);
}

async function points(url: string, name: keyof typeof FIXTURE_SERIES): Promise<Point[]> {
  const { count, stepMs } = FIXTURE_SERIES[name];
  const to = FIXTURE_START + (count + 1000) * stepMs;
  return getJson<Point[]>(`${url}/api/series/${name}?from=${FIXTURE_START}&to=${to}`);
}

const alerts = (url: string) => getJson<Alert[]>(`${url}/api/alerts?limit=1000`);
const rebuilt = (url: string) => metric(url, 'vigia_states_rebuilt_total');

/** Checks a server of this release on the data of the former one. @param first number of the readings to add */
async function expectToGoOn(url: string, before: readonly Alert[], first: number): Promise<void> {
  for (const name of SERIES) expect(await points(url, name)).toHaveLength(FIXTURE_SERIES[name].count + first);
  // As they were: what is open stays open, what was acknowledged stays so, and the rebuilt detector raises nothing of old.
  expect(await alerts(url)).toEqual(before);
  await post(url, [
    next('pump/temperature', first, 20),
    next('pump/flow', first, 75),
    next('boiler/pressure', first, 3),
    next('door/open', first, 0),
    next('new/humidity', first, 50),
    next('newest/humidity', first, 54),
  ]);
  const scored = (await points(url, 'pump/temperature')).at(-1)!;
  expect(scored.v).toBe(20);
  // Not a new warm-up.
  expect(scored.score).toBeTypeOf('number');
  expect((await alerts(url)).filter(({ state }) => state === 'open')).toEqual(
    before.filter(({ state }) => state === 'open'),
  );
}

/** A replica of a release. @param program its `vigia.js`; without it this release */
async function bridge(program: string | null, env: Record<string, string>) {
  const args = ['bridge', '--port', '0'];
  const all = { ...ENV, ...env };
  const child =
    program === null
      ? vigia(args, { env: all })
      : startChild(process.execPath, [program, ...args], { env: all });
  const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/, 60_000);
  await waitFor('readiness', async () => (await fetch(`${url}/readyz`)).ok, 60_000);
  return { ...child, url: url! };
}

describe('the data of release 0.1.0', () => {
  it('goes on in the embedded store, and can go back', { timeout: 180_000 }, async () => {
    const data = formerDataDirectory();
    const first = await serve(['--no-devices', '--data', data], { env: ENV });
    await waitFor('the detectors to be rebuilt', async () => (await rebuilt(first.url)) === SERIES.length);
    const before = await alerts(first.url);
    expect(before.some(({ acknowledged }) => acknowledged)).toBe(true);
    expect(before.some(({ state }) => state === 'open')).toBe(true);
    await expectToGoOn(first.url, before, 0);
    expect(await metric(first.url, 'vigia_states_outdated')).toBe(0);
    await first.kill('SIGTERM');
    expect(first.output()).not.toContain('cannot be written');

    if (!hasFormerRelease()) return;
    const args = ['serve', '--no-devices', '--port', '0', '--mqtt-port', '0', '--data', data];
    const former = startChild(process.execPath, [buildFormerRelease(), ...args], { env: ENV });
    const [, url] = await waitForOutput(former, /open\s+(http:\/\/\S+?)\/\n/, 60_000);
    await post(
      url!,
      SERIES.map((name) => next(name, 1, name === 'pump/flow' ? 75 : 20)),
    );
    expect((await points(url!, 'pump/temperature')).at(-1)!.score).toBeTypeOf('number');
    await former.kill('SIGTERM');
    expect(former.output()).not.toContain('cannot be written');

    const again = await serve(['--no-devices', '--data', data], { env: ENV });
    await waitFor(
      'the detectors to be rebuilt again',
      async () => (await rebuilt(again.url)) === SERIES.length,
    );
    await expectToGoOn(again.url, await alerts(again.url), 2);
  });

  it('writes the newest format on a new store, and on an old one once it is told to', async () => {
    const data = formerDataDirectory();
    const server = await serve(['--no-devices', '--data', data], { env: { ...ENV, STATE_FORMAT: '3' } });
    await waitFor('the detectors to be rebuilt', async () => (await rebuilt(server.url)) === SERIES.length);
    await expectToGoOn(server.url, await alerts(server.url), 0);
    await server.kill('SIGTERM');
    // For good: without the setting too.
    const again = await serve(['--no-devices', '--data', data], { env: ENV });
    await post(again.url, [next('pump/temperature', 1, 20)]);
    expect(await rebuilt(again.url)).toBe(0);
  });

  it.skipIf(!MOSQUITTO || !has('redis-server'))(
    'goes on in Redis while bridges of both releases run, one rolled after the other, and back',
    { timeout: 240_000 },
    async ({ skip }) => {
      skip(!hasFormerRelease(), 'the history of this repository is not there');
      const program = buildFormerRelease();
      const [redis, broker] = await Promise.all([RedisServer.start(), startMosquitto()]);
      onTestFinished(() => redis.stop());
      const client = new Redis(redis.url);
      onTestFinished(() => client.disconnect());
      await restoreFormerKeys(client, 'sorted-set');
      const env = { REDIS_URL: redis.url, MQTT_URL: broker.url };
      const start = (release: string | null, id: number) =>
        bridge(release, { ...env, MQTT_CLIENT_ID: `replica-${id}` });
      const replicas = await Promise.all([start(program, 1), start(program, 2)]);
      const before = await alerts(replicas[0].url);
      let sent = 0;
      /** Each goes to the other replica than the one before. */
      const send = async (count: number) => {
        for (let i = 0; i < count; i++, sent++) {
          const { url } = replicas[sent % 2]!;
          await post(
            url,
            SERIES.map((name) => next(name, sent, name === 'pump/flow' ? 75 : 20 + (sent % 3) / 10)),
          );
        }
      };
      await send(4);
      for (const release of [null, program]) {
        for (const i of [0, 1]) {
          await replicas[i]!.kill('SIGTERM');
          expect(replicas[i]!.output()).not.toContain('cannot be written');
          replicas[i] = await start(release, i + 1);
          await send(6);
        }
      }
      const { url } = replicas[0];
      for (const name of SERIES)
        expect(await points(url, name)).toHaveLength(FIXTURE_SERIES[name].count + sent);
      // Still beyond its limit, so the one alert is still open.
      const beyond = (list: readonly Alert[]) =>
        list.filter(({ id }) => id.startsWith('pump/flow/max/')).map(({ id, state }) => `${state} ${id}`);
      expect(beyond(await alerts(url))).toEqual(beyond(before));
      expect(beyond(before)[0]).toMatch(/^open /);
      for (const replica of replicas) expect(replica.output()).not.toContain('cannot be written');
    },
  );
});
