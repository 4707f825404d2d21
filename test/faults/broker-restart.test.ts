/** Mosquitto goes down and comes back with what it had persisted: nothing that it took is lost or doubled. */
import { describe, it } from 'vitest';
import { faultLasts, inForm } from '../helpers/fault-form.ts';
import { expectNothingLost, type FaultRun, startFaultRun } from '../helpers/fault-run.ts';
import { MOSQUITTO } from '../helpers/mosquitto.ts';
import { REDIS } from '../helpers/running-redis.ts';

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
      const run = await startFaultRun({ ...size, replicas: 3, insist: true });
      await restartTwice(run);
      await expectNothingLost(run);
    },
    deadline,
  );
});
