/**
 * How long a publisher waits for its acknowledgement, which comes after the commit, while 20 clients export 100,000 readings
 * each and draw a year, again and again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import mqtt from 'mqtt';
import { it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { serve } from '../helpers/vigia.ts';
import { storeReadings } from '../helpers/year-of-readings.ts';

const CLIENTS = 20;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
const RATE = Number(process.env.BENCH_RATE ?? 100);
const YEAR = 525_600;
const MINUTE = 60_000;

const READER = `
const { parentPort, workerData: { clients, urls } } = require('node:worker_threads');
const read = async (url) => { for await (const part of (await fetch(url)).body) void part; };
for (let i = 0; i < clients; i++) (async () => {
  for (;;) { await Promise.all(urls.map(read)); parentPort.postMessage(1); }
})();`;

async function waits(mqttUrl: string, seconds: number): Promise<number[]> {
  const publisher = await mqtt.connectAsync(mqttUrl);
  onTestFinished(() => publisher.endAsync(true));
  const found: number[] = [];
  const open: Promise<unknown>[] = [];
  const end = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < end; i++) {
    const sent = performance.now();
    const ack = publisher.publishAsync(`sensors/bench-${i % 50}/temperature`, '20', { qos: 1 });
    open.push(ack.then(() => found.push(performance.now() - sent)));
    await pause(1000 / RATE);
  }
  await Promise.all(open);
  return found.sort((a, b) => a - b);
}

const report = (name: string, sorted: readonly number[]) => {
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]!.toFixed(1);
  console.log(
    `${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(0.99999)} ms, of ${sorted.length}`,
  );
};

it(`acknowledgements while ${CLIENTS} clients export and draw`, async () => {
  const directory = temporaryDirectory();
  const last = Math.floor(Date.now() / MINUTE) * MINUTE - MINUTE;
  await storeReadings(directory, 'year', { count: YEAR, last, every: MINUTE });
  const { url, mqttUrl, kill } = await serve(['--devices', '0'], {
    env: { DATA_DIR: directory, RETENTION: '400d' },
  });
  onTestFinished(() => kill());
  report('alone', await waits(mqttUrl, SECONDS));
  let exports = 0;
  // In a thread of their own, so that they do not hold up the publisher.
  const from = last - 99_999 * MINUTE;
  const paths = [`/export?from=${from}`, `/chart?from=${last - YEAR * MINUTE}&to=${last}`];
  await (await fetch(`${url}/metrics`)).text();
  const readers = new Worker(READER, {
    eval: true,
    workerData: { clients: CLIENTS, urls: paths.map((path) => `${url}/api/series/year/temperature${path}`) },
  });
  readers.on('message', () => exports++);
  const found = await waits(mqttUrl, SECONDS);
  await readers.terminate();
  const lag = /^nodejs_eventloop_lag_p99_seconds (.*)$/m.exec(await (await fetch(`${url}/metrics`)).text());
  console.log(`event loop of the server: p99 ${(Number(lag![1]) * 1000).toFixed(1)} ms`);
  report(`with ${exports} exports of 100,000 readings and charts of a year`, found);
}, 300_000);
