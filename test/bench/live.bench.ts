/**
 * What the live stream costs and how fast it is. A backlog is drained with and without 200 clients, in turns; then 1,000
 * readings a second are published and timed until they show on the panel in a browser, on one bridge and across two on
 * Redis. Clients, browser, broker and bridges share this machine's cores: the rates include what all of them use, the CPU
 * time of the bridge does not.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Publisher } from '../../devices/publisher.ts';
import { CHROMIUM, evaluate, launchBrowser, visit } from '../helpers/browser.ts';
import { type Child, startChild, waitForOutput } from '../helpers/child.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { publishBacklog } from './backlog.ts';
import { benchRedis, cpuOf, openBridge, scrape, stored, total } from './bridges.ts';

const CLIENTS = Number(process.env.BENCH_CLIENTS ?? 200);
const SERIES = 1000;
const PER_SERIES = Number(process.env.BENCH_READINGS ?? 150);
const TOTAL = SERIES * PER_SERIES;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const RATE = 1000;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 20);
const START = Math.floor(Date.now() / 1000) * 1000 - 86_400_000;

/** Opens streams, tells when all are open, and throws away what comes. */
const CLIENT_PROCESS = `
  const { connect } = require('node:net');
  const [url, count] = process.argv.slice(1);
  const { hostname, port } = new URL(url);
  let open = 0;
  for (let i = 0; i < Number(count); i++) {
    const socket = connect(Number(port), hostname);
    socket.write('GET /api/stream HTTP/1.1\\r\\nHost: ' + hostname + '\\r\\n\\r\\n');
    socket.once('data', () => { if (++open === Number(count)) console.log('all open'); });
    socket.on('data', () => {});
    socket.on('error', () => {});
  }
`;

async function openClients(url: string): Promise<Child> {
  const clients = startChild(process.execPath, ['-e', CLIENT_PROCESS, url, String(CLIENTS)]);
  await waitForOutput(clients, /all open/);
  return clients;
}

/** Readings per second, and µs of the bridge's CPU for each. */
async function drain(clients: number): Promise<{ rate: number; cpu: number }> {
  const broker = await startMosquitto();
  const bridge = await openBridge(broker.url, { HTTP_RATE_LIMIT: '0' });
  const streams = clients > 0 ? await openClients(bridge.url) : null;
  // The clients are there from the first reading on, and the queue is full when it begins.
  bridge.child.process.kill('SIGSTOP');
  await publishBacklog({ port: broker.port, series: SERIES, perSeries: PER_SERIES, start: START });
  const begun = { time: performance.now(), cpu: cpuOf(bridge) };
  bridge.child.process.kill('SIGCONT');
  const done = async () => {
    await pause(100);
    return stored(await scrape([bridge])) >= TOTAL;
  };
  await waitFor('the drain', done, 600_000);
  const result = {
    rate: (TOTAL / (performance.now() - begun.time)) * 1000,
    cpu: ((cpuOf(bridge) - begun.cpu) / TOTAL) * 1e6,
  };
  const end = await scrape([bridge]);
  expect(total(end, 'vigia_live_clients')).toBe(clients);
  expect(total(end, 'vigia_live_clients_dropped_total')).toBe(0);
  await streams?.kill();
  await bridge.child.kill();
  return result;
}

const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

/** Notes when which row showed which value: in the frame after the change, so that it has been painted. */
const WATCH = `(() => {
  window.seen = [];
  const last = new Map();
  const look = (changes) => {
    const found = [];
    for (const { target } of changes) {
      const number = (target.nodeType === 1 ? target : target.parentElement)?.closest('.number');
      const key = number?.closest('li')?.dataset.key;
      if (!key || last.get(key) === number.textContent) continue;
      last.set(key, number.textContent);
      found.push([key, number.textContent]);
    }
    if (found.length > 0) requestAnimationFrame(() => {
      for (const [key, text] of found) window.seen.push([key, text, Date.now()]);
    });
  };
  new MutationObserver(look).observe(document.querySelector('#rows'), { childList: true, characterData: true, subtree: true });
})()`;

/** ms from publish to painted, of the rows in sight. Each reading's value says which of its sensor it is. */
async function lagsOnPanel(replicas: number): Promise<number[]> {
  const broker = await startMosquitto();
  const env: Record<string, string> = replicas > 1 ? { REDIS_URL: (await benchRedis()).url } : {};
  const bridges = await Promise.all(
    Array.from({ length: replicas }, (_, i) => openBridge(broker.url, env, i)),
  );
  const publisher = new Publisher({ url: broker.url, window: 2000, logger: pino({ level: 'silent' }) });
  publisher.start();
  const sent = new Map<string, number>();
  const publish = async (from: number, to: number) => {
    const started = performance.now();
    for (let i = from * RATE; i < to * RATE; i++) {
      const early = started + i - from * RATE - performance.now();
      if (early > 2) await pause(early);
      const [sensor, value] = [`panel-${i % SERIES}`, String(Math.floor(i / SERIES))];
      sent.set(`${sensor}/m ${value}`, Date.now());
      const full = publisher.publish(`sensors/${sensor}/m`, value);
      if (full !== undefined) await full;
    }
    await publisher.drain();
  };
  await publish(0, 5);
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const { page, errors } = await visit(() => browser, bridges[0]!.url);
  await waitFor('all rows', () =>
    evaluate<boolean>(page, `document.querySelectorAll('#rows li').length === ${SERIES}`),
  );
  await evaluate(page, WATCH);
  await publish(5, 5 + SECONDS);
  const newest = String(4 + SECONDS);
  const last = `window.seen.some(([key, value]) => key === 'panel-0/m' && value === '${newest}')`;
  await waitFor('the newest reading', () => evaluate<boolean>(page, last), 20_000);
  const seen = await evaluate<[key: string, value: string, at: number][]>(page, 'window.seen');
  expect(errors).toEqual([]);
  await publisher.close();
  for (const { child } of bridges) await child.kill();
  return seen.flatMap(([key, value, at]) => {
    const from = sent.get(`${key} ${value}`);
    return from !== undefined && Number(value) >= 5 ? [at - from] : [];
  });
}

describe('the live stream', () => {
  it(`of ${CLIENTS} clients while ${TOTAL} readings are drained`, async () => {
    const without: { rate: number; cpu: number }[] = [];
    const within: typeof without = [];
    for (let i = 0; i < ROUNDS; i++) {
      without.push(await drain(0));
      within.push(await drain(CLIENTS));
    }
    const of = (list: typeof without, what: 'rate' | 'cpu') => median(list.map((run) => run[what]));
    const show = (list: typeof without) =>
      `${of(list, 'rate').toFixed(0)}/s, bridge ${of(list, 'cpu').toFixed(1)} µs CPU per reading`;
    console.log(`no clients:  ${show(without)}\n${CLIENTS} clients: ${show(within)}`);
    const ratio = (what: 'rate' | 'cpu') => (of(within, what) / of(without, what)).toFixed(2);
    console.log(`with clients: ${ratio('rate')}x the rate, ${ratio('cpu')}x the bridge's CPU per reading`);
  });

  it.skipIf(!CHROMIUM).each([1, 2])(
    `on the panel at ${RATE} readings a second, bridges: %s`,
    async (replicas) => {
      const lags = (await lagsOnPanel(replicas)).sort((a, b) => a - b);
      expect(lags.length).toBeGreaterThan(5 * SECONDS);
      const at = (q: number) => `${lags[Math.floor(q * (lags.length - 1))]!.toFixed(0)} ms`;
      const store = replicas > 1 ? 'Redis' : 'embedded';
      console.log(
        `publish to panel, ${replicas} bridge(s), ${store}: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, of ${lags.length}`,
      );
    },
  );
});
