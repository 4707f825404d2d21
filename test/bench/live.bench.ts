/**
 * What the live stream costs and how fast it is. A backlog is drained with and without 200 clients, alternately in one run;
 * then 1,000 readings a second are published and timed until a client has them, with 200 clients beside it, on one bridge
 * and across two on Redis. The clients run in a process of their own, on the same cores: the rates include what they use,
 * the CPU time of the bridge does not.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { Publisher } from '../../devices/publisher.ts';
import { type Child, startChild, waitForOutput } from '../helpers/child.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { startRedis } from '../helpers/running-redis.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { publishBacklog } from './backlog.ts';

const CLIENTS = Number(process.env.BENCH_CLIENTS ?? 200);
const SERIES = 1000;
const PER_SERIES = Number(process.env.BENCH_READINGS ?? 60);
const TOTAL = SERIES * PER_SERIES;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const RATE = 1000;
const SECONDS = 15;
const START = Math.floor(Date.now() / 1000) * 1000 - 86_400_000;

/** Opens streams and throws away what comes; tells when all are open, and at the end of its input what it got. */
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

/** Seconds of CPU that a process has used. */
function cpuOf(child: Child): number {
  const fields = execFileSync('cat', [`/proc/${child.process.pid}/stat`], { encoding: 'utf8' }).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

async function redisCpu(redis: Redis | null): Promise<number> {
  if (!redis) return 0;
  const info = await redis.info('cpu');
  const of = (kind: string) => Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(info)![1]);
  return of('user') + of('sys');
}

async function openBridge(mqttUrl: string, id: string, data: string, env: Record<string, string>) {
  const child = vigia(['bridge', '--port', '0', '--data', data], {
    env: { MQTT_URL: mqttUrl, MQTT_CLIENT_ID: id, LOG_LEVEL: 'error', HTTP_RATE_LIMIT: '0', ...env },
  });
  const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
  await waitFor('readiness', async () => (await fetch(`${url}/readyz`)).status === 200);
  return { child, url: url! };
}

async function drain(clients: number): Promise<{ rate: number; cpu: number }> {
  const broker = await startMosquitto();
  const data = temporaryDirectory();
  // Once, so that the session exists.
  await (await openBridge(broker.url, 'live-bench', data, {})).child.kill('SIGTERM');
  await publishBacklog({ port: broker.port, series: SERIES, perSeries: PER_SERIES, start: START });
  const { child, url } = await openBridge(broker.url, 'live-bench', data, {});
  const streams = clients > 0 ? await openClients(url) : null;
  const committed = () => metric(url, 'vigia_readings_total', 'result="committed"');
  const begin = { count: await committed(), time: performance.now(), cpu: cpuOf(child) };
  await waitFor('the drain', async () => (await committed()) >= TOTAL, 600_000);
  const n = TOTAL - begin.count;
  const result = {
    rate: (n / (performance.now() - begin.time)) * 1000,
    cpu: ((cpuOf(child) - begin.cpu) / n) * 1e6,
  };
  expect(await metric(url, 'vigia_live_clients')).toBe(clients);
  await streams?.kill();
  await child.kill();
  return result;
}

const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

async function latency(replicas: number): Promise<string> {
  const broker = await startMosquitto();
  const server = replicas > 1 ? await startRedis() : null;
  const redis = server ? new Redis(server.url) : null;
  const env: Record<string, string> = server ? { REDIS_URL: server.url } : {};
  const bridges = await Promise.all(
    Array.from({ length: replicas }, (_, i) =>
      openBridge(broker.url, `live-${i}`, temporaryDirectory(), env),
    ),
  );
  const publisher = new Publisher({ url: broker.url, window: 2000, logger: pino({ level: 'silent' }) });
  publisher.start();
  const sent = new Map<number, number>();
  const publish = async (seconds: number, first: number) => {
    const started = performance.now();
    for (let i = 0; i < seconds * RATE; i++) {
      const early = started + (i / RATE) * 1000 - performance.now();
      if (early > 2) await delay(early);
      sent.set(first + i, performance.now());
      const full = publisher.publish(`sensors/live-${i % SERIES}/m`, String(first + i));
      if (full !== undefined) await full;
    }
    await publisher.drain();
  };
  // Without a client first, for what Redis does anyway.
  await publish(5, 1e6);
  const idle = await redisCpu(redis);
  const idleStart = performance.now();
  await publish(SECONDS, 2e6);
  const before = ((await redisCpu(redis)) - idle) / ((performance.now() - idleStart) / 1000);
  const streams = await openClients(bridges[0]!.url);
  const lags: number[] = [];
  const abort = new AbortController();
  const response = await fetch(`${bridges[0]!.url}/api/stream`, { signal: abort.signal });
  const reading = (async () => {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body!) {
      const now = performance.now();
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const v = /"v":([\d.]+)/.exec(block)?.[1];
        const at = v === undefined ? undefined : sent.get(Number(v));
        if (at !== undefined && Number(v) >= 3e6) lags.push(now - at);
      }
    }
  })().catch(() => {});
  await delay(500);
  const busy = await redisCpu(redis);
  const busyStart = performance.now();
  await publish(SECONDS, 3e6);
  const after = ((await redisCpu(redis)) - busy) / ((performance.now() - busyStart) / 1000);
  await waitFor('nearly all readings', () => lags.length >= 0.99 * SECONDS * RATE, 20_000);
  abort.abort();
  await reading;
  await streams.kill();
  await publisher.close();
  for (const { child } of bridges) await child.kill();
  await redis?.quit();
  lags.sort((a, b) => a - b);
  const at = (q: number) => `${lags[Math.floor(q * (lags.length - 1))]!.toFixed(0)} ms`;
  const cpu = redis
    ? `, Redis ${(100 * before).toFixed(1)} % of a core without clients, ${(100 * after).toFixed(1)} % with`
    : '';
  return `${replicas} bridge${replicas > 1 ? 's, Redis' : ', embedded'}: ${lags.length} of ${SECONDS * RATE} readings seen, p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}${cpu}`;
}

describe('the live stream', () => {
  it(`of ${CLIENTS} clients while ${TOTAL} readings are drained`, async () => {
    const [without, within]: { rate: number; cpu: number }[][] = [[], []];
    for (let i = 0; i < ROUNDS; i++) {
      without!.push(await drain(0));
      within!.push(await drain(CLIENTS));
    }
    const of = (list: typeof without, what: 'rate' | 'cpu') => median(list!.map((run) => run[what]));
    const show = (list: typeof without) =>
      `${of(list, 'rate').toFixed(0)}/s, bridge ${of(list, 'cpu').toFixed(1)} µs CPU per reading`;
    console.log(`no clients:  ${show(without)}\n${CLIENTS} clients: ${show(within)}`);
    console.log(
      `with clients: ${(of(within, 'rate') / of(without, 'rate')).toFixed(2)}x the rate (which includes the clients' own CPU), ${(of(within, 'cpu') / of(without, 'cpu')).toFixed(2)}x the bridge's CPU per reading`,
    );
  });

  it(`at ${RATE} readings a second from publish to a client, beside ${CLIENTS} others`, async () => {
    for (const replicas of [1, 2]) console.log(await latency(replicas));
  });
});
