/**
 * Promise 3: two replicas that share one series, whose readings come out of order within the horizon and more than once,
 * store what one replica stores that gets each reading once and in order.
 */
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Publisher } from '../../devices/publisher.ts';
import { type Random, random } from '../../devices/random.ts';
import { readingPayload, readingTopic } from '../../devices/reading-message.ts';
import type { Sample } from '../../src/domain/reading.ts';
import type { Store } from '../../src/store/store.ts';
import { type Counts, settledCounts, watchAccounting } from '../helpers/accounting-watch.ts';
import { figures, inForm } from '../helpers/fault-form.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { startReplicas } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { type LoadedSeries, simulatedLoad } from '../helpers/simulated-load.ts';
import { expectSameContent, expectStoredOnce, storeAt } from '../helpers/stored-load.ts';
import { waitFor } from '../helpers/wait-for.ts';

const { readings, deadline } = inForm({
  short: { readings: 5000, deadline: 180_000 },
  long: { readings: 20_000, deadline: 900_000 },
});
/** Readings shuffled together; with two blocks under way no reading is later than 192 of the 256 of the horizon. */
const BLOCK = 64;
const REPEATS = 16;

function shuffled<T>(items: readonly T[], source: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = source.integer(0, i);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/** Block after block, each with some readings of the two before it once more. @returns how many were published */
async function publishShuffled(url: string, series: LoadedSeries, store: Store): Promise<number> {
  const { sensor, metric, samples } = series;
  const source = random(8, 'shuffle', 0);
  const publishers = [0, 1].map(() => new Publisher({ url, logger: pino({ level: 'silent' }) }));
  onTestFinished(async () => {
    await Promise.all(publishers.map((publisher) => publisher.close()));
  });
  for (const publisher of publishers) publisher.start();
  let published = 0;
  for (let first = 0; first < samples.length; first += BLOCK) {
    if (first >= 2 * BLOCK) {
      const before = samples.slice(first - 2 * BLOCK, first - BLOCK);
      const [from, to] = [before[0]!.ts, before.at(-1)!.ts];
      const stored = async () => (await store.series.range(series, from, to)).length === before.length;
      await waitFor(`the readings before ${first}`, stored, 60_000);
    }
    const recent = samples.slice(Math.max(0, first - BLOCK), first + BLOCK);
    const repeats = Array.from({ length: REPEATS }, () => source.pick(recent));
    const block: Sample[] = shuffled([...samples.slice(first, first + BLOCK), ...repeats], source);
    for (const { ts, value } of block) {
      published++;
      await publishers[published % 2]!.publish(readingTopic(sensor, metric), readingPayload(value, ts));
    }
  }
  await Promise.all(publishers.map((publisher) => publisher.drain()));
  return published;
}

/** One replica that is given the readings in order, over HTTP. */
async function sortedFeed({ sensor, metric, samples }: LoadedSeries, mqttUrl: string): Promise<Store> {
  const redis = await startRedis();
  const env = { MQTT_URL: mqttUrl, REDIS_URL: redis.url, MQTT_GROUP: 'nothing-here' };
  const [replica] = await startReplicas(1, env, 'sorted');
  const url = await replica!.url;
  for (let first = 0; first < samples.length; first += 500) {
    const body = samples.slice(first, first + 500).map(({ ts, value }) => ({ sensor, metric, ts, value }));
    const answer = await fetch(`${url}/api/readings`, { method: 'POST', body: JSON.stringify(body) });
    expect(await answer.json()).toMatchObject({ committed: body.length, duplicate: 0, rejected: [] });
  }
  return storeAt(redis.url);
}

describe.skipIf(!MOSQUITTO || !REDIS)('one series on two replicas (needs mosquitto and redis-server)', () => {
  it.each(['yes', 'no'])(
    `${readings} readings shuffled within the horizon, with repeats: stored as if they had come in order (HAND_OVER=%s)`,
    async (forwarding) => {
      const load = simulatedLoad(1, readings);
      const [series] = load as [LoadedSeries];
      const [broker, redis] = await Promise.all([startMosquitto(), startRedis()]);
      // The sorted feed's broker is another, so that nothing of the shuffled feed can reach it.
      const quiet = await startMosquitto();
      const reference = await sortedFeed(series, quiet.url);
      const replicas = await startReplicas(2, {
        MQTT_URL: broker.url,
        REDIS_URL: redis.url,
        HAND_OVER: forwarding,
      });
      const watch = watchAccounting(replicas);
      const store = await storeAt(redis.url);
      const published = await publishShuffled(broker.url, series, store);
      await waitFor(
        'the end of the feed',
        async () =>
          (await settledCounts(replicas)).reduce((sum, { received }) => sum + received, 0) === published,
        60_000,
      );
      const counts = await settledCounts(replicas);
      const sum = (pick: keyof Counts) => counts.reduce((total, count) => total + count[pick], 0);
      figures({ published, ...watch.totals() });
      expect(sum('committed')).toBe(readings);
      expect(sum('duplicate')).toBe(published - readings);
      expect(sum('unscored')).toBe(0);
      // Otherwise they did not meet.
      expect(sum(forwarding === 'yes' ? 'forwarded' : 'retries')).toBeGreaterThan(0);
      await expectStoredOnce(store, load, { scored: true });
      expect(watch.mismatches).toEqual([]);
      expect(await expectSameContent(store, reference, load)).toBeGreaterThan(0);
    },
    deadline,
  );
});
