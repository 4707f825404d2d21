/** Redis is frozen, cuts its clients off, or is killed: readings wait at the broker, none is lost or doubled. */
import { describe, expect, it } from 'vitest';
import { countsOf } from '../helpers/accounting-watch.ts';
import { faultLasts, inForm } from '../helpers/fault-form.ts';
import { expectNothingLost, startFaultRun } from '../helpers/fault-run.ts';
import { MOSQUITTO } from '../helpers/mosquitto.ts';
import { REDIS } from '../helpers/running-redis.ts';

const { deadline, ...size } = inForm({
  short: { replicas: 2, series: 20, readings: 300, rate: 1500, deadline: 180_000 },
  long: { replicas: 2, series: 100, readings: 500, rate: 2500, deadline: 900_000 },
});

describe.skipIf(!MOSQUITTO || !REDIS)('Redis fails (needs mosquitto and redis-server)', () => {
  const frozen = inForm({ short: 5000, long: 10_000 });
  it(
    `frozen for ${frozen} ms, and one replica killed in it: nothing is committed meanwhile, 0 lost, 0 doubled`,
    async () => {
      // Shorter than the freeze, so that connections are given up while it lasts and not only after.
      const run = await startFaultRun({ ...size, env: { REDIS_TIMEOUT: '2s' } });
      const { redis, replicas } = run;
      redis.signal('SIGSTOP');
      // What the server had answered before is still taken in.
      await faultLasts(1000);
      const before = await Promise.all(replicas.map(async ({ url }) => countsOf(await url)));
      await faultLasts(frozen - 1000);
      const after = await Promise.all(replicas.map(async ({ url }) => countsOf(await url)));
      // What a replica holds back it must not have acknowledged: it could be gone with it.
      await replicas[1]!.kill();
      replicas[1]!.spawn();
      redis.signal('SIGCONT');
      for (const [i, { committed, duplicate, inFlight }] of after.entries()) {
        expect({ committed, duplicate }).toEqual({
          committed: before[i]!.committed,
          duplicate: before[i]!.duplicate,
        });
        expect(inFlight).toBeGreaterThan(0);
      }
      await expectNothingLost(run);
    },
    deadline,
  );

  const cutting = inForm({ short: 4000, long: 20_000 });
  it(
    `cuts all clients off again and again for ${cutting} ms: 0 lost, 0 doubled`,
    async () => {
      const run = await startFaultRun(size);
      const end = performance.now() + cutting;
      const client = run.redis.client();
      const cut = { normal: 0, pubsub: 0 };
      while (performance.now() < end) {
        for (const type of ['normal', 'pubsub'] as const)
          cut[type] += Number(await client.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes'));
        await faultLasts(100);
      }
      client.disconnect();
      expect(cut.normal).toBeGreaterThan(10);
      expect(cut.pubsub).toBeGreaterThan(2);
      await expectNothingLost(run);
    },
    deadline,
  );

  const kills = inForm({ short: 2, long: 5 });
  it(
    `killed and started again ${kills} times (AOF, appendfsync always): 0 lost, 0 doubled`,
    async () => {
      const run = await startFaultRun(size);
      for (let i = 0; i < kills; i++) {
        await run.redis.kill();
        await faultLasts(1000);
        await run.redis.start();
        for (const replica of run.replicas) await replica.ready();
        await faultLasts(500);
      }
      await expectNothingLost(run);
    },
    deadline,
  );
});
