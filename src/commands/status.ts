/** `vigia status`: how a running Vigía is, at a glance. */
import { Command } from 'commander';
import { readConfig } from '../settings/config.ts';
import { askServer, type RunningServer, runningServer, ServerRefused } from './running-server.ts';
import { say } from './terminal.ts';

interface Status {
  readonly hostname: string;
  readonly version: string;
  readonly store: string;
  readonly readings: {
    readonly received: number;
    readonly committed: number;
    readonly duplicate: number;
    readonly deadLettered: number;
    readonly rejected: number;
    readonly inFlight: number;
  };
}

interface Receiver {
  readonly name: string;
  readonly pending: number;
  readonly kept: number;
  readonly problem: string | null;
}

/** Most alerts and dead letters that are counted. */
const MOST = 10_000;

export function statusCommand(): Command {
  return new Command('status')
    .description(
      'says whether a running Vigía is ready, and what it has stored; exit code 1 if it is not ready',
    )
    .option('--json', 'print JSON')
    .option('--url <url>', 'URL of the running Vigía (default: HOST and PORT)')
    .action(async ({ json, url }: { json?: boolean; url?: string }) => {
      const server = runningServer(readConfig(), url);
      const found = await look(server);
      if (json) console.log(JSON.stringify(found));
      else say(linesOf(server, found));
      if (found.notReady !== null) process.exitCode = 1;
    });
}

type Found = Awaited<ReturnType<typeof look>>;

async function look(server: RunningServer) {
  const status = (await askServer(server, 'GET', '/api/status')) as Status;
  const [notReady, series, open, letters, receivers] = await Promise.all([
    whyNotReady(server),
    ask<{ state: string }[]>(server, '/api/series'),
    ask<{ severity: string }[]>(server, `/api/alerts?state=open&limit=${MOST}`),
    ask<unknown[]>(server, `/api/dead-letters?limit=${MOST}`),
    ask<Receiver[]>(server, '/api/alert-receivers'),
  ]);
  return {
    ...status,
    notReady,
    series: series && countBy(series, 'state'),
    openAlerts: open && countBy(open, 'severity'),
    deadLetters: letters?.length ?? null,
    receivers,
  };
}

/** @returns null where the token may not see it, or the store is away */
async function ask<T>(server: RunningServer, path: string): Promise<T | null> {
  try {
    return (await askServer(server, 'GET', path)) as T;
  } catch (error) {
    if (error instanceof ServerRefused) return null;
    throw error;
  }
}

async function whyNotReady(server: RunningServer): Promise<string | null> {
  const response = await fetch(new URL('/readyz', server.url));
  if (response.ok) return null;
  return ((await response.json()) as { reason?: string }).reason ?? `HTTP ${response.status}`;
}

function countBy<K extends string>(items: readonly Readonly<Record<K, string>>[], key: K) {
  const counts: Record<string, number> = {};
  for (const item of items) counts[item[key]] = (counts[item[key]] ?? 0) + 1;
  return counts;
}

function linesOf({ url }: RunningServer, found: Found): [name: string, text: string][] {
  const { readings, receivers } = found;
  const counted = (counts: Record<string, number> | null) => {
    if (!counts) return 'not known';
    const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
    const parts = Object.entries(counts).map(([name, n]) => `${n} ${name}`);
    return parts.length === 0 ? '0' : `${total} (${parts.join(', ')})`;
  };
  const lines: [string, string][] = [
    ['server', `${url}  ${found.hostname}, version ${found.version}, store ${found.store}`],
    ['ready', found.notReady === null ? 'yes' : `no: ${found.notReady}`],
    [
      'readings',
      `${readings.received} received: ${readings.committed} stored, ${readings.duplicate} duplicate,`,
    ],
    [
      '',
      `${readings.deadLettered} dead letters, ${readings.rejected} rejected, ${readings.inFlight} in flight`,
    ],
    ['series', counted(found.series)],
    ['alerts', `open: ${counted(found.openAlerts)}`],
    ['letters', found.deadLetters === null ? 'not known' : `${found.deadLetters} dead letters are kept`],
  ];
  for (const { name, pending, kept, problem } of receivers ?? []) {
    lines.push([
      'receiver',
      `${name}: ${pending} waiting, ${kept} kept${problem === null ? '' : `; ${problem}`}`,
    ]);
  }
  return lines;
}
