/**
 * From publish to committed, at a steady rate through Mosquitto: the commit is seen by Redis' own notification of the
 * write to the series' state, which comes no earlier than the write. One and three bridges.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { benchRedis, openBridge, scrape, stored } from './bridges.ts';

const RATE = Number(process.env.BENCH_RATE ?? 1000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 20);
const SERIES = 1000;
/** ms between two bursts of the publisher: timers are no finer. */
const TICK = 5;

async function latencies(replicas: number): Promise<number[]> {
  const { url, client: admin } = await benchRedis();
  await admin.config('SET', 'notify-keyspace-events', 'Kh');
  const listener = new Redis(url);
  onTestFinished(() => listener.disconnect());
  const sentAt = new Map<string, number>();
  const found: number[] = [];
  listener.on('pmessage', (_pattern, channel: string) => {
    const name = /\{(.+)\}:state$/.exec(channel)?.[1];
    const sent = name && sentAt.get(name);
    if (!sent) return;
    found.push(performance.now() - sent);
    sentAt.delete(name);
  });
  await listener.psubscribe('__keyspace@*__:vigia:*:state');

  const broker = await startMosquitto();
  const bridges = await Promise.all(
    Array.from({ length: replicas }, (_, i) => openBridge(broker.url, { REDIS_URL: url }, i)),
  );
  const publisher = await mqtt.connectAsync(broker.url);
  onTestFinished(() => publisher.endAsync(true));
  const readings = RATE * SECONDS;
  const started = performance.now();
  for (let sent = 0; sent < readings; ) {
    const due = Math.min(readings, Math.floor(((performance.now() - started) / 1000) * RATE));
    for (; sent < due; sent++) {
      const sensor = `bench-${sent % SERIES}`;
      const value = (70 + Math.sin(sent / 5000)).toFixed(2);
      sentAt.set(`${sensor}/temperature`, performance.now());
      publisher.publish(`sensors/${sensor}/temperature`, `{"value":${value},"ts":${Date.now()}}`, { qos: 1 });
    }
    await pause(TICK);
  }
  await waitFor('the commits', async () => stored(await scrape(bridges)) >= readings, 60_000);
  for (const { child } of bridges) await child.kill();
  // The first seconds are those of a new process with 1,000 new series.
  return found.slice(found.length / 4);
}

describe(`from publish to committed at ${RATE} readings/s`, () => {
  it.each([1, 3])('%s bridges', async (replicas) => {
    const sorted = (await latencies(replicas)).sort((a, b) => a - b);
    expect(sorted.length).toBeGreaterThan((RATE * SECONDS) / 2);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)]!.toFixed(1);
    console.log(
      `${replicas} bridge(s): p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, of ${sorted.length}`,
    );
  });
});
