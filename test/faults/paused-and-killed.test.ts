/** The kill that separates bridges: Redis takes no writes for 2 s, and the bridge is killed 1 s into it. */
import { describe, expect, it } from 'vitest';
import { faultLasts, inForm } from '../helpers/fault-form.ts';
import { expectNothingLost, startFaultRun } from '../helpers/fault-run.ts';
import { MOSQUITTO } from '../helpers/mosquitto.ts';
import { REDIS } from '../helpers/running-redis.ts';

const { deadline, ...size } = inForm({
  short: { replicas: 1, series: 20, readings: 300, rate: 1500, deadline: 120_000 },
  long: { replicas: 1, series: 100, readings: 500, rate: 4000, deadline: 300_000 },
});

describe.skipIf(!MOSQUITTO || !REDIS)(
  'a bridge that dies beside a stuck Redis (needs mosquitto and redis-server)',
  () => {
    it(
      'CLIENT PAUSE 2000 WRITE and the bridge killed 1 s into it: 0 lost, 0 doubled',
      async () => {
        const run = await startFaultRun(size);
        const [bridge] = run.replicas;
        await run.redis.command('CLIENT', 'PAUSE', '2000', 'WRITE');
        await faultLasts(1000);
        await bridge!.kill();
        bridge!.spawn();
        await expectNothingLost(run);
        expect(run.watch.scrapes).toBeGreaterThan(0);
      },
      deadline,
    );
  },
);
