/** Bridges for benchmarks: real processes, and what they and their Redis have used. */
import { execFileSync } from 'node:child_process';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { type Child, waitForOutput } from '../helpers/child.ts';
import { RedisServer } from '../helpers/redis-server.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

export interface Bridge {
  readonly child: Child;
  readonly url: string;
}

/** One bridge at `broker`; replica `i` has a client id of its own. */
export async function openBridge(broker: string, env: Record<string, string>, i = 0): Promise<Bridge> {
  const child = vigia(['bridge', '--port', '0', '--data', temporaryDirectory()], {
    env: { MQTT_URL: broker, MQTT_CLIENT_ID: `bench-${i}`, LOG_LEVEL: 'error', ...env },
  });
  const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/, 60_000);
  await waitFor('readiness', async () => (await fetch(`${url}/readyz`)).status === 200, 60_000);
  return { child, url: url! };
}

/** An empty Redis: TEST_REDIS_URL, else Debian's redis-server. Gone when the test ends. */
export async function benchRedis(): Promise<{ readonly url: string; readonly client: Redis }> {
  const server = process.env.TEST_REDIS_URL ? null : await RedisServer.start();
  const url = process.env.TEST_REDIS_URL ?? server!.url;
  const client = new Redis(url);
  await client.flushall();
  onTestFinished(async () => {
    client.disconnect();
    await server?.stop();
  });
  return { url, client };
}

/** Seconds of CPU that a process has used. */
export function cpuOf({ child }: Bridge): number {
  const fields = execFileSync('cat', [`/proc/${child.process.pid}/stat`], { encoding: 'utf8' }).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Seconds of CPU that Redis has used. */
export async function redisCpu(client: Redis): Promise<number> {
  const info = await client.info('cpu');
  return ['user', 'sys'].reduce(
    (sum, kind) => sum + Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(info)![1]),
    0,
  );
}

/** One scrape of every bridge: it costs each a few ms, so there should be few. */
export async function scrape(bridges: readonly Bridge[]): Promise<Scraped[]> {
  return Promise.all(
    bridges.map(async ({ url }) => {
      const values = new Map<string, number>();
      for (const line of (await (await fetch(`${url}/metrics`)).text()).split('\n')) {
        const end = line.lastIndexOf(' ');
        if (end > 0 && !line.startsWith('#')) values.set(line.slice(0, end), Number(line.slice(end)));
      }
      return values;
    }),
  );
}

/** Value by name and labels, as in the exposition. */
export type Scraped = ReadonlyMap<string, number>;

/** Over all bridges. */
export function total(scraped: readonly Scraped[], name: string): number {
  return scraped.reduce((sum, values) => sum + (values.get(name) ?? 0), 0);
}

/** Readings that are stored. A few may count as duplicates: of those that two replicas committed. */
export function stored(scraped: readonly Scraped[]): number {
  return ['committed', 'duplicate'].reduce(
    (sum, result) => sum + total(scraped, `vigia_readings_total{result="${result}"}`),
    0,
  );
}

/** The most memory that any of them has resident, MB. */
export function residentMb(scraped: readonly Scraped[]): number {
  return Math.max(...scraped.map((values) => values.get('process_resident_memory_bytes')!)) / 2 ** 20;
}
