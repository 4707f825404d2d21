/** Redis has no memory left for a while: the broker keeps what cannot be stored, and gets no acknowledgement for it. */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Counts, countsOf } from '../helpers/accounting-watch.ts';
import { faultLasts, inForm } from '../helpers/fault-form.ts';
import { expectNothingLost, type FaultRun, startFaultRun } from '../helpers/fault-run.ts';
import { MOSQUITTO } from '../helpers/mosquitto.ts';
import { REDIS } from '../helpers/running-redis.ts';
import { waitFor } from '../helpers/wait-for.ts';

const { duration, deadline, ...size } = inForm({
  short: { series: 20, readings: 300, rate: 1500, duration: 4000, deadline: 120_000 },
  long: { series: 100, readings: 200, rate: 2000, duration: 10_000, deadline: 600_000 },
});
/** Messages that a replica may hold. Mosquitto 2.0 sends more than the receive maximum at times, so that is not asked. */
const BOUND = 200;

const allCounts = ({ replicas }: FaultRun): Promise<Counts[]> =>
  Promise.all(replicas.map(async ({ url }) => countsOf(await url)));

/** What the series are at: every commit draws a version. (Other writes go on, such as of who tells receivers of alerts.) */
async function versions({ redis }: FaultRun): Promise<unknown[]> {
  const states = ((await redis.command('KEYS', 'vigia:{*}:state')) as string[]).sort();
  return Promise.all(states.map(async (key) => [key, await redis.command('HGET', key, 'version')]));
}

describe.skipIf(!MOSQUITTO || !REDIS)('Redis is out of memory (needs mosquitto and redis-server)', () => {
  it(
    `for ${duration} ms (maxmemory, noeviction): nothing acknowledged meanwhile, 0 lost after`,
    async () => {
      const run = await startFaultRun({
        ...size,
        replicas: 2,
        env: { MAX_IN_FLIGHT: String(BOUND) },
      });
      await run.redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await run.redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
      // Twice the same: answers to what was sent before the memory ran out may still be on their way.
      let before: Counts[] = [];
      const full = await waitFor(
        'every replica to have all in flight that it may have',
        async () => {
          const counts = await allCounts(run);
          const still = isDeepStrictEqual(counts, before);
          before = counts;
          await delay(500);
          return still && counts.every(({ inFlight }) => inFlight === BOUND) ? counts : null;
        },
        60_000,
      );
      const written = await versions(run);
      await faultLasts(duration);
      expect(await allCounts(run)).toEqual(full);
      expect(await versions(run)).toEqual(written);
      for (const { url } of run.replicas) expect((await fetch(`${await url}/readyz`)).status).toBe(503);
      await run.redis.command('CONFIG', 'SET', 'maxmemory', '0');
      await expectNothingLost(run);
    },
    deadline,
  );
});
