/**
 * The server with RedisTimeSeries that TEST_REDIS_URL names; no package brings one. The suites that use it take turns, also
 * those of several runs, so that none sees the keys of another. A database each would not do: RedisTimeSeries keeps the
 * rollups of late readings right in database 0 alone.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { waitFor } from './wait-for.ts';

export const TIMESERIES_URL = process.env.TEST_REDIS_URL;

/** Which suite has the server. A suite that was killed loses it in the end. */
const TAKEN = 'vigia-test:taken';
const TAKEN_FOR_MS = 5 * 60_000;
/** For a `beforeAll` that takes the server. */
export const TURN_MS = 15 * 60_000;

export interface TimeseriesServer {
  readonly url: string;
  /** Removes Vigía's keys and no others: the server may be somebody's. */
  clear(): Promise<void>;
  /** The next suite may have it. */
  release(): Promise<void>;
}

/** Waits until no other suite has the server, and takes it with none of Vigía's keys in it. */
export async function takeTimeseriesServer(): Promise<TimeseriesServer> {
  const url = TIMESERIES_URL!;
  const admin = new Redis(url);
  const suite = randomUUID();
  const take = async () => (await admin.set(TAKEN, suite, 'PX', TAKEN_FOR_MS, 'NX')) === 'OK';
  await waitFor('the server of TEST_REDIS_URL', take, TURN_MS);
  const clear = async () => {
    const keys = await admin.keys('vigia:*');
    if (keys.length > 0) await admin.del(...keys);
    await admin.pexpire(TAKEN, TAKEN_FOR_MS);
  };
  await clear();
  return {
    url,
    clear,
    async release() {
      await clear();
      await admin.del(TAKEN);
      admin.disconnect();
    },
  };
}
