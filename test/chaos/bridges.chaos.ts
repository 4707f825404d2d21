/**
 * Replicas under load, and nemeses that a seed draws: nothing acknowledged is lost or doubled, the accounts always add up, and
 * what waits is gone once all is healed. CHAOS_SEED chooses the seed.
 */
import { expect, it } from 'vitest';
import { random } from '../../devices/random.ts';
import { watchAccounting } from '../helpers/accounting-watch.ts';
import { clockFile } from '../helpers/clock-file.ts';
import { faultLasts, inForm } from '../helpers/fault-form.ts';
import { expectNothingLost } from '../helpers/fault-run.ts';
import { publishLoad } from '../helpers/load-publisher.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { Replica } from '../helpers/replica.ts';
import { REDIS, startDurableRedis } from '../helpers/running-redis.ts';
import { simulatedLoad } from '../helpers/simulated-load.ts';
import { metric } from '../helpers/vigia.ts';
import { NEMESES, oneOf } from './nemeses.ts';

const SEED = Number(process.env.CHAOS_SEED ?? 1);
const size = inForm({
  short: { series: 12, readings: 250, rate: 150 },
  long: { series: 60, readings: 600, rate: 400 },
});

it.skipIf(!MOSQUITTO || !REDIS)(
  `seed ${SEED}: nothing is lost or doubled, whatever happens`,
  async () => {
    const source = random('chaos', SEED);
    const draw = () => source.next();
    const [broker, redis] = await Promise.all([startMosquitto(), startDurableRedis()]);
    const env = { MQTT_URL: broker.url, REDIS_URL: redis.url };
    const clock = clockFile();
    const count = 1 + Math.floor(4 * draw());
    const replicas = Array.from(
      { length: count },
      (_, i) => new Replica(`replica-${i + 1}`, i === 0 ? { ...env, ...clock.env } : env),
    );
    for (const replica of replicas) replica.spawn();
    await Promise.all(replicas.map((replica) => replica.ready()));
    const watch = watchAccounting(replicas);
    const load = simulatedLoad(size.series, size.readings);
    const publishing = publishLoad(broker.url, load, size);
    let over = false;
    void publishing.done.then(() => {
      over = true;
    });
    const done: string[] = [];
    while (!over) {
      const name = oneOf(Object.keys(NEMESES), draw);
      done.push(name);
      await NEMESES[name]!({ redis, replicas, clock, env, random: draw });
      await faultLasts(500 + 3000 * draw());
    }
    console.log(
      `seed ${SEED}: ${count} replicas at first, ${replicas.length} in the end: ${done.join(', ')}`,
    );
    await Promise.all(replicas.map((replica) => replica.ready()));
    await expectNothingLost({ load, broker, redis, replicas, publishing, watch });
    for (const replica of replicas)
      expect(await metric(await replica.url, 'vigia_readings_in_flight')).toBe(0);
  },
  1_200_000,
);
