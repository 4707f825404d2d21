/**
 * The legacy routes under load, beside a Flask application of the same two in the same run: on Redis with gunicorn's two
 * workers, as the replaced system ran. Flask's half needs Debian's packages, which are installed where that can be done
 * without asking; elsewhere it is left out by name. The load generator shares this machine's cores.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort, startChild } from '../helpers/child.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { findProgram } from '../helpers/program.ts';
import { RedisServer } from '../helpers/redis-server.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { openBridge } from './bridges.ts';
import { load } from './http-load.ts';

const CONNECTIONS = 32;
const SENSORS = 100;
const ROWS = 1000;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 6);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const WARM_UP_SECONDS = 3;

const ROUTES = {
  nuevo: (i: number) => `/nuevo?dato=${20 + (i % 7)}&sensor=nuevo-${i % SENSORS}`,
  detectar: (i: number) => `/detectar?dato=${20 + (i % 7)}&sensor=detectar-${i % SENSORS}`,
  listar: () => '/listar?sensor=listar',
  /** Every tenth request changes the series that the others list. */
  changing: (i: number) => (i % 10 === 0 ? '/nuevo?dato=21&sensor=changing' : '/listar?sensor=changing'),
} as const;
type Route = keyof typeof ROUTES;

interface Candidate {
  readonly name: string;
  readonly url: string;
  readonly routes: readonly Route[];
}

async function redis(): Promise<RedisServer> {
  const server = await RedisServer.start();
  onTestFinished(() => server.stop());
  return server;
}

async function vigiaOn(name: string, env: Record<string, string>): Promise<Candidate> {
  const broker = await startMosquitto();
  const { url } = await openBridge(broker.url, { HTTP_RATE_LIMIT: '0', ...env });
  return { name, url, routes: ['nuevo', 'detectar', 'listar', 'changing'] };
}

function installFlask(): boolean {
  if (findProgram('gunicorn')) return true;
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false;
  try {
    const packages = ['python3-flask', 'gunicorn', 'python3-redis'];
    execFileSync('apt-get', ['-y', '-q', 'install', '--no-install-recommends', ...packages]);
    return true;
  } catch {
    return false;
  }
}

async function flask(): Promise<Candidate | null> {
  if (!installFlask()) {
    console.log('Flask is left out: gunicorn, python3-flask and python3-redis are not installed.');
    return null;
  }
  const server = await redis();
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = [
    '--workers',
    '2',
    '--bind',
    new URL(url).host,
    '--chdir',
    import.meta.dirname,
    'flask-app:app',
  ];
  const child = startChild(findProgram('gunicorn')!, args, {
    env: { BENCH_REDIS_PORT: new URL(server.url).port, PYTHONDONTWRITEBYTECODE: '1' },
  });
  // It ends its workers only when it is asked to.
  onTestFinished(() => child.kill('SIGTERM'));
  await waitFor('gunicorn', async () => (await fetch(`${url}/listar`)).ok);
  return { name: 'Flask, Redis', url, routes: ['nuevo', 'listar', 'changing'] };
}

describe(`HTTP at ${CONNECTIONS} connections`, () => {
  it('compared', async () => {
    const candidates = [
      await vigiaOn('Vigía, embedded', {}),
      await vigiaOn('Vigía, Redis', { REDIS_URL: (await redis()).url }),
      await flask(),
    ].filter((candidate) => candidate !== null);
    const found = new Map<string, { rates: number[]; p99: number[] }>();
    for (const { url } of candidates) {
      // A series of 1,000 rows; one after the other, so that none is refused for want of a time.
      for (let i = 0; i < ROWS; i++) {
        for (const sensor of ['listar', 'changing']) {
          expect((await fetch(`${url}/nuevo?dato=${20 + (i % 7)}&sensor=${sensor}`)).status).toBe(200);
        }
      }
    }
    const run = (url: string, route: Route, seconds: number) =>
      load({ url, connections: CONNECTIONS, seconds, path: ROUTES[route] });
    for (const { url, routes } of candidates) {
      for (const route of routes) await run(url, route, WARM_UP_SECONDS);
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const { name, url, routes } of candidates) {
        for (const route of routes) {
          const { perSecond, latencies } = await run(url, route, SECONDS);
          const key = `/${route.padEnd(9)} ${name}`;
          const all = found.get(key) ?? { rates: [], p99: [] };
          all.rates.push(perSecond);
          all.p99.push(latencies[Math.floor(0.99 * (latencies.length - 1))]!);
          found.set(key, all);
        }
      }
    }
    for (const [key, { rates, p99 }] of [...found].sort(([a], [b]) => a.localeCompare(b))) {
      const middle = (list: readonly number[]) =>
        list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
      console.log(
        `${key.padEnd(28)}${middle(rates).toFixed(0).padStart(7)} req/s   p99 ${middle(p99).toFixed(1)} ms`,
      );
    }
  });
});
