/**
 * What stays resident of one bridge with 10,000 series: at a rate that leaves it time (each series once in BENCH_EVERY
 * seconds), and while it takes readings as fast as it can.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { publishBacklog } from './backlog.ts';
import { benchRedis, cpuOf, openBridge, residentMb, scrape, stored } from './bridges.ts';

const SERIES = Number(process.env.BENCH_SERIES ?? 10_000);
const EVERY_S = Number(process.env.BENCH_EVERY ?? 5);
/** Readings of each series: past the warm-up of the detector, and over the first snapshots. */
const READINGS = Number(process.env.BENCH_READINGS ?? 100);

describe(`${SERIES} series, ${READINGS} readings each`, () => {
  it.each([
    { load: `one of each every ${EVERY_S} s`, perRound: 1, everyMs: EVERY_S * 1000, rounds: 20 },
    { load: 'as fast as it can', perRound: 5, everyMs: 0, rounds: READINGS / 5 },
  ])('$load', async ({ load, perRound, everyMs, rounds }) => {
    const { url } = await benchRedis();
    const broker = await startMosquitto();
    const bridge = await openBridge(broker.url, { REDIS_URL: url });
    const idle = residentMb(await scrape([bridge]));
    const start = Date.now() - READINGS * 60_000;
    const cpu = cpuOf(bridge);
    let most = 0;
    for (let round = 1; round <= rounds; round++) {
      const next = pause(everyMs);
      const from = start + round * perRound * 1000;
      await publishBacklog({ port: broker.port, series: SERIES, perSeries: perRound, start: from });
      const expected = SERIES * perRound * round;
      await waitFor('the commits', async () => stored(await scrape([bridge])) >= expected, 120_000);
      most = Math.max(most, residentMb(await scrape([bridge])));
      await next;
    }
    const micro = ((cpuOf(bridge) - cpu) / (SERIES * perRound * rounds)) * 1e6;
    console.log(
      `${load}: ${most.toFixed(0)} MB at most (${idle.toFixed(0)} MB before the first reading), ${micro.toFixed(1)} µs of CPU a reading`,
    );
    await bridge.child.kill();
  });
});
