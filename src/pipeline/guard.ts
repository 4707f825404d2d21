/** The clock guard. Without it, one sample from the far future would make the series refuse all correct samples after it. */

import type { Problem } from '../domain/decoded.ts';
import { spokenDuration } from '../domain/duration.ts';

export interface GuardLimits {
  /** How far in the future a reading may be, ms. */
  readonly maxClockSkew: number;
  /** How long readings are kept, ms. */
  readonly retention: number;
  /** Width of the widest rollup, ms: a reading's whole bucket must still be there. */
  readonly widestBucket: number;
}

/** Between which times it is, ms UTC; the same time twice where there is one clock. */
export interface Times {
  readonly earliest: number;
  readonly latest: number;
}

/** Why a reading of time `ts` is refused, null if it is not. */
export function clockProblem(ts: number, { earliest, latest }: Times, limits: GuardLimits): Problem | null {
  if (ts > latest + limits.maxClockSkew) {
    return {
      field: 'ts',
      reason: 'in-the-future',
      detail: `ts ${show(ts)} is more than MAX_CLOCK_SKEW (${spokenDuration(limits.maxClockSkew)}) after now`,
    };
  }
  if (ts - (ts % limits.widestBucket) < earliest - limits.retention) {
    const seconds = ts > 1e8 && ts < 1e10 ? '; is it in seconds? ts is in milliseconds' : '';
    return {
      field: 'ts',
      reason: 'older-than-retention',
      detail: `ts ${show(ts)} is in an hour that begins before RETENTION (${spokenDuration(limits.retention)})${seconds}`,
    };
  }
  return null;
}

function show(ts: number): string {
  const date = new Date(ts);
  return Number.isNaN(date.getTime()) ? String(ts) : `${ts} (${date.toISOString()})`;
}
