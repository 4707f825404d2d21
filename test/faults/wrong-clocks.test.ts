/**
 * Clocks that are set: of one replica of three, and of `vigia serve`. Readings with a time are stored once and are no dead
 * letters; those without get the time at which they were sent, and none waits or is answered 429.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { watchAccounting } from '../helpers/accounting-watch.ts';
import { clockFile } from '../helpers/clock-file.ts';
import { faultLasts, figures, inForm } from '../helpers/fault-form.ts';
import { expectNothingLost } from '../helpers/fault-run.ts';
import { publishLoad } from '../helpers/load-publisher.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { Replica } from '../helpers/replica.ts';
import { REDIS, startDurableRedis } from '../helpers/running-redis.ts';
import { simulatedLoad } from '../helpers/simulated-load.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, serve } from '../helpers/vigia.ts';

const HOUR = 3_600_000;
const STEPS = [2000, -2000, 90_000, -90_000, HOUR, -HOUR, 40 * 24 * HOUR];
/** By how much an arrival time may differ from when the request was under way: one second of a burst, and the look at a clock. */
const NEAR = 2500;
const MANUAL = 'manual';

const { deadline, lasts, ...size } = inForm({
  short: { series: 12, readings: 300, rate: 250, lasts: 1200, deadline: 180_000 },
  long: { series: 60, readings: 600, rate: 1000, lasts: 4000, deadline: 600_000 },
});

interface Sent {
  readonly status: number;
  /** How far the arrival time lies outside the time in which the request was under way, ms. */
  readonly off: number;
}

/** Sends a value without a time to each address in turn, until `stop`. */
function sendUntimed(urls: readonly string[]): { stop(): Promise<readonly Sent[]> } {
  const sent: Sent[] = [];
  let over = false;
  const run = async () => {
    for (let i = 0; !over; i++) {
      const begun = Date.now();
      const url = `${urls[i % urls.length]}/nuevo?dato=${i % 30}&sensor=${MANUAL}&format=json`;
      const answer = await fetch(url);
      const { ts = 0 } = answer.ok ? ((await answer.json()) as { ts: number }) : {};
      sent.push({ status: answer.status, off: Math.max(begun - ts, ts - Date.now()) });
      await delay(25);
    }
    return sent;
  };
  const running = run();
  running.catch(() => {});
  const stop = () => {
    over = true;
    return running;
  };
  onTestFinished(() => void stop().catch(() => {}));
  return { stop };
}

function expectInTime(sent: readonly Sent[]): void {
  expect(sent.length).toBeGreaterThan(3);
  expect(sent.filter(({ status }) => status !== 200)).toEqual([]);
  expect(Math.max(...sent.map(({ off }) => off))).toBeLessThan(NEAR);
  figures({ 'without a time': sent.length, 'farthest off, ms': Math.max(...sent.map(({ off }) => off)) });
}

/** Three replicas under load; `before` is how far the clock of one is ahead when it starts. */
async function run(before: number, during: readonly number[], after: number): Promise<void> {
  const load = simulatedLoad(size.series, size.readings);
  const [broker, redis] = await Promise.all([startMosquitto(), startDurableRedis()]);
  const env = { MQTT_URL: broker.url, REDIS_URL: redis.url };
  const clock = clockFile(before);
  const replicas = [
    new Replica('wrong', { ...env, ...clock.env }),
    new Replica('right-1', env),
    new Replica('right-2', env),
  ];
  for (const replica of replicas) replica.spawn();
  await Promise.all(replicas.map((replica) => replica.ready()));
  const untimed = sendUntimed(await Promise.all(replicas.map(({ url }) => url)));
  const watch = watchAccounting(replicas);
  const publishing = publishLoad(broker.url, load, size);
  for (const step of during) {
    clock.set(step);
    await faultLasts(lasts);
  }
  await publishing.done;
  clock.set(after);
  await faultLasts(lasts);
  expectInTime(await untimed.stop());
  await expectNothingLost({ load, broker, redis, replicas, publishing, watch });
  for (const { url } of replicas) {
    expect(await metric(await url, 'vigia_readings_total', 'result="dead_lettered"')).toBe(0);
    expect(await metric(await url, 'vigia_series_silent')).toBe(0);
  }
}

describe.skipIf(!MOSQUITTO || !REDIS)('a wrong clock (needs mosquitto and redis-server)', () => {
  const cases = inForm({
    short: [{ before: HOUR, during: STEPS, after: 40 * 24 * HOUR }],
    long: STEPS.flatMap((step) => [
      { before: step, during: [], after: step },
      { before: 0, during: [step, 0, step], after: 0 },
      { before: 0, during: [], after: step },
    ]),
  });
  it.each(cases)(
    'of one replica of three: ahead by $before ms at the start, $during under load, $after after it',
    ({ before, during, after }) => run(before, during, after),
    deadline,
  );
});

it(
  'of `vigia serve`: a step that is over soon moves no arrival time, and one that stays blocks nothing',
  async () => {
    const clock = clockFile();
    const server = await serve(['--data', temporaryDirectory(), '--no-devices'], { env: clock.env });
    const untimed = sendUntimed([server.url]);
    for (const step of STEPS) {
      clock.set(step);
      await faultLasts(lasts);
      clock.set(0);
      await faultLasts(lasts);
    }
    expectInTime(await untimed.stop());
    for (const step of inForm({ short: [HOUR, -90_000], long: STEPS })) {
      clock.set(step);
      const answers = sendUntimed([server.url]);
      await faultLasts(12_500);
      const sent = await answers.stop();
      expect(sent.filter(({ status }) => status !== 200)).toEqual([]);
      const farthest = sent.at(-1)!.off;
      expect(Math.abs(farthest - Math.abs(step))).toBeLessThan(NEAR);
    }
  },
  deadline,
);
