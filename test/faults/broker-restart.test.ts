/** Mosquitto goes down and comes back with what it had persisted: nothing that it took is lost or doubled. */
import { describe, expect, it } from 'vitest';
import { readingPayload, readingTopic } from '../../devices/reading-message.ts';
import { settledCounts } from '../helpers/accounting-watch.ts';
import { faultLasts, figures, inForm } from '../helpers/fault-form.ts';
import { expectNothingLost, type FaultRun, startFaultRun } from '../helpers/fault-run.ts';
import { MOSQUITTO } from '../helpers/mosquitto.ts';
import { REDIS } from '../helpers/running-redis.ts';
import { sizeOf } from '../helpers/simulated-load.ts';
import { storeAt } from '../helpers/stored-load.ts';
import { waitFor } from '../helpers/wait-for.ts';

const { deadline, ...size } = inForm({
  short: { series: 20, readings: 300, rate: 1000, deadline: 180_000 },
  long: { series: 100, readings: 500, rate: 2500, deadline: 900_000 },
});

async function restartTwice({ broker, replicas }: FaultRun): Promise<void> {
  for (let restart = 0; restart < 2; restart++) {
    await broker.stop();
    await faultLasts(500);
    await broker.start();
    for (const replica of replicas) await replica.ready();
    await faultLasts(500);
  }
}

/** All is stored, once, but for what the broker itself says that it had nobody to give to. */
async function expectOnlyUntakenLost({ load, redis, replicas, publishing, watch }: FaultRun): Promise<void> {
  await publishing.done;
  const untaken = new Set(publishing.untaken().map(({ topic, payload }) => `${topic} ${payload}`));
  const store = await storeAt(redis.url);
  for (const { sensor, metric, samples } of load) {
    await waitFor(
      `the readings of ${sensor}`,
      async () => {
        const stored = await store.series.range({ sensor, metric }, 0, Number.MAX_SAFE_INTEGER);
        const there = new Set(stored.map(({ ts }) => ts));
        // Of one that was sent twice only the second may have had no subscriber.
        const due = samples.filter(
          ({ ts, value }) =>
            there.has(ts) || !untaken.has(`${readingTopic(sensor, metric)} ${readingPayload(value, ts)}`),
        );
        expect(stored.map(({ ts, value }) => ({ ts, value }))).toEqual(due);
        return true;
      },
      60_000,
    );
  }
  await settledCounts(replicas);
  figures({ published: sizeOf(load), untaken: untaken.size, ...watch.totals() });
  expect(watch.mismatches).toEqual([]);
  expect(replicas.filter(({ ended }) => ended)).toEqual([]);
}

describe.skipIf(!MOSQUITTO || !REDIS)('the broker restarts twice (needs mosquitto and redis-server)', () => {
  it(
    'under a replica with a subscription of its own: 0 lost, 0 doubled of what the broker acknowledged',
    async () => {
      const run = await startFaultRun({ ...size, replicas: 1, env: { MQTT_GROUP: '' } });
      await restartTwice(run);
      await expectNothingLost(run);
    },
    deadline,
  );

  it(
    'under 3 replicas on one $share: 0 lost, 0 doubled of what the broker acknowledged as having a subscriber',
    async () => {
      const run = await startFaultRun({ ...size, replicas: 3, publishers: 'insistent' });
      await restartTwice(run);
      await expectNothingLost(run);
    },
    deadline,
  );

  it(
    'under 3 replicas on one $share and ordinary sensors: 0 lost but what it says it had no subscriber for',
    async () => {
      const run = await startFaultRun({
        ...size,
        readings: size.readings / 2,
        replicas: 3,
        publishers: 'ordinary',
      });
      await restartTwice(run);
      await expectOnlyUntakenLost(run);
    },
    deadline,
  );
});
