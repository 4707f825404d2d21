/**
 * A primary dies and a replica takes over. With REDIS_DURABILITY=replicated nothing acknowledged was on the dead primary
 * alone, so 0 is lost; the bridges find the new primary by themselves.
 */
import { describe, it } from 'vitest';
import { faultLasts, inForm } from '../helpers/fault-form.ts';
import { expectNothingLost, startFaultRunOn } from '../helpers/fault-run.ts';
import { MOSQUITTO } from '../helpers/mosquitto.ts';
import { startCluster, startSentinels } from '../helpers/redis-topology.ts';
import { REDIS } from '../helpers/running-redis.ts';

const { deadline, ...size } = inForm({
  short: { series: 20, readings: 200, rate: 500, deadline: 240_000 },
  long: { series: 100, readings: 200, rate: 1000, deadline: 900_000 },
});
const env = { REDIS_DURABILITY: 'replicated' };

describe.skipIf(!MOSQUITTO || !REDIS)('a Redis primary dies (needs mosquitto and redis-server)', () => {
  it(
    'behind Sentinels, REDIS_DURABILITY=replicated: 0 lost, 0 doubled',
    async () => {
      const run = await startFaultRunOn(await startSentinels(), { ...size, env, replicas: 2 });
      await run.redis.failOver();
      await expectNothingLost(run);
    },
    deadline,
  );

  it(
    'in a Cluster of 3 primaries and 3 replicas, REDIS_DURABILITY=replicated: 0 lost, 0 doubled',
    async () => {
      const run = await startFaultRunOn(await startCluster(), { ...size, env, replicas: 2 });
      const dead = await run.redis.failOver();
      // The promoted primary has no replica, so its part of the series waits until there is one again.
      await faultLasts(1000);
      await dead.start();
      await expectNothingLost(run);
    },
    deadline,
  );
});
