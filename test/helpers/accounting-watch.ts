/**
 * Scrapes living replicas again and again while a fault goes on, and notes every scrape at which the counts of readings do
 * not add up (promise 4).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Replica } from './replica.ts';
import { waitFor } from './wait-for.ts';

const SCRAPE_EVERY = 100;

export interface Counts {
  readonly received: number;
  readonly committed: number;
  readonly duplicate: number;
  readonly deadLettered: number;
  readonly rejected: number;
  readonly inFlight: number;
  /** Readings beyond the horizon: stored, not scored. */
  readonly unscored: number;
  readonly retries: number;
  /** Of one series each. */
  readonly commits: number;
  /** Readings that another replica has committed for this one. */
  readonly forwarded: number;
}

export interface AccountingWatch {
  readonly scrapes: number;
  readonly mismatches: readonly string[];
  /** As far as they were seen, of all processes that there were: what happened between a last scrape and a kill is not in. */
  totals(): { readonly redelivered: number; readonly retriesPerCommit: string };
}

/** @throws when the process does not answer */
export async function countsOf(url: string): Promise<Counts> {
  const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
  const value = (name: string) => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length) ?? 0);
  };
  const result = (name: string) => value(`vigia_readings_total{result="${name}"}`);
  return {
    received: value('vigia_readings_received_total'),
    committed: result('committed'),
    duplicate: result('duplicate'),
    deadLettered: result('dead_lettered'),
    rejected: result('rejected'),
    inFlight: value('vigia_readings_in_flight'),
    unscored: value('vigia_readings_late_total{scored="no"}'),
    retries: value('vigia_commit_retries_total'),
    commits: value('vigia_commits_total'),
    forwarded: value('vigia_readings_handed_over_total{result="answered"}'),
  };
}

/** Goes on until the test ends. */
export function watchAccounting(replicas: readonly Replica[]): AccountingWatch {
  const last = new Map<string, Counts>();
  const sum = (name: 'duplicate' | 'retries' | 'commits') =>
    [...last.values()].reduce((total, counts) => total + counts[name], 0);
  const watch = {
    scrapes: 0,
    mismatches: [] as string[],
    totals: () => ({
      redelivered: sum('duplicate'),
      retriesPerCommit: (sum('retries') / Math.max(1, sum('commits'))).toFixed(3),
    }),
  };
  let over = false;
  const scrape = async (replica: Replica) => {
    while (!over) {
      try {
        const url = await replica.url;
        const counts = await countsOf(url);
        last.set(url, counts);
        watch.scrapes++;
        const { received, committed, duplicate, deadLettered, rejected, inFlight } = counts;
        if (received !== committed + duplicate + deadLettered + rejected + inFlight)
          watch.mismatches.push(`${replica.id}: ${JSON.stringify(counts)}`);
      } catch {
        // Being killed is part of the test: a dead process has nothing to add up.
      }
      await delay(SCRAPE_EVERY);
    }
  };
  for (const replica of replicas) void scrape(replica);
  onTestFinished(() => {
    over = true;
  });
  return watch;
}

/** Resolves with the counts of all when none has a reading in flight any more. */
export async function settledCounts(replicas: readonly Replica[], deadlineMs = 60_000): Promise<Counts[]> {
  return Promise.all(
    replicas.map((replica) =>
      waitFor(
        `${replica.id} to finish its readings`,
        async () => {
          const counts = await countsOf(await replica.url);
          return counts.inFlight === 0 ? counts : null;
        },
        deadlineMs,
      ),
    ),
  );
}
