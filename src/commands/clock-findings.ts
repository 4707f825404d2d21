/** What `vigia doctor` says of the clock. */
import { spokenDuration } from '../domain/duration.ts';
import type { Config } from '../settings/config.ts';
import type { Finding } from './finding.ts';

/** A larger difference between two clocks is a warning, ms. Clocks that a time service sets differ by less. */
const SKEW_WARN = 2000;

export async function clock(opened: { time(): Promise<number> }): Promise<Finding> {
  const before = Date.now();
  try {
    const theirs = await opened.time();
    const skew = Math.round(theirs - (before + Date.now()) / 2);
    const status = Math.abs(skew) > SKEW_WARN ? 'warn' : 'ok';
    return {
      check: 'clock',
      status,
      detail: `Redis is ${spokenDuration(Math.abs(skew))} ${skew < 0 ? 'behind' : 'ahead'}`,
    };
  } catch (error) {
    return { check: 'clock', status: 'warn', detail: `cannot be compared: ${(error as Error).message}` };
  }
}

/** The embedded store has no clock of its own to compare with. But no stored reading may lie in the future. */
export function ownClock(
  { readings: { maxClockSkew } }: Config,
  stored: readonly { readonly last: { readonly ts: number } | null }[],
): Finding {
  const newest = Math.max(...stored.map(({ last }) => last?.ts ?? -1), -1);
  const now = `this machine says ${new Date().toISOString()}`;
  if (newest < 0)
    return { check: 'clock', status: 'ok', detail: `${now}; there is nothing to compare it with` };
  const ahead = newest > Date.now() + maxClockSkew;
  const detail = `${now}, the newest reading ${new Date(newest).toISOString()}`;
  return { check: 'clock', status: ahead ? 'warn' : 'ok', detail };
}
