/** What stays resident: one bridge with 10,000 series, enough readings each to be past their warm-up, then idle. */
import { describe, it } from 'vitest';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { publishBacklog } from './backlog.ts';
import { benchRedis, openBridge, residentMb, scrape, stored } from './bridges.ts';

const SERIES = Number(process.env.BENCH_SERIES ?? 10_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 60);

describe(`${SERIES} series, ${ROUNDS} readings each`, () => {
  it('resident memory', async () => {
    const { url } = await benchRedis();
    const broker = await startMosquitto();
    const bridge = await openBridge(broker.url, { REDIS_URL: url });
    console.log(`idle, no series: ${(residentMb(await scrape([bridge]))).toFixed(0)} MB`);
    const start = Date.now() - ROUNDS * 60_000;
    let most = 0;
    for (let round = 0; round < ROUNDS; round += 5) {
      await publishBacklog({ port: broker.port, series: SERIES, perSeries: 5, start: start + round * 1000 });
      await waitFor(
        'the commits',
        async () => stored(await scrape([bridge])) >= SERIES * (round + 5),
        120_000,
      );
      most = Math.max(most, residentMb(await scrape([bridge])));
    }
    console.log(`most: ${most.toFixed(0)} MB`);
  });
});
