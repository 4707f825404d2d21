/** Gives each reading of a batch its place in time, and sorts out duplicates and conflicts. */
import type { IncomingReading, Reading } from '../domain/reading.ts';
import type { SeriesId } from '../domain/series.ts';

/** How far arrival times may run ahead of the clock, ms. */
const ARRIVAL_LEAD = 1000;

export interface Placed {
  readonly reading: Reading;
  /** `busy`: its arrival time would run ahead of the clock. */
  fate: 'committed' | 'duplicate' | 'busy';
  /** Where in the fold it is, -1 where it is not. */
  position: number;
}

/** What an item of the pipeline has for the plan. */
export interface WithReading {
  readonly reading: IncomingReading | null;
}

/** Gives every reading its timestamp. @param items each with a reading */
export function place(
  series: SeriesId,
  items: readonly WithReading[],
  lastTs: number,
  now: number,
): Placed[] {
  let newest = lastTs;
  for (const { reading } of items) newest = Math.max(newest, reading!.ts ?? -1);
  return items.map(({ reading }) => {
    if (isTimed(reading!)) return { reading, fate: 'committed', position: -1 };
    const ts = Math.max(now, newest + 1);
    const busy = ts > now + ARRIVAL_LEAD;
    if (!busy) newest = ts;
    const { value } = reading!;
    const placed = { sensor: series.sensor, metric: series.metric, ts, value };
    return { reading: placed, fate: busy ? 'busy' : 'committed', position: -1 };
  });
}

function isTimed(reading: IncomingReading): reading is Reading {
  return reading.ts !== undefined;
}

/** Times of readings that may be stored already. */
export function notNewer(placed: readonly Placed[], lastTs: number): ReadonlySet<number> {
  const old = new Set<number>();
  for (const { fate, reading } of placed) {
    if (fate !== 'busy' && reading.ts <= lastTs) old.add(reading.ts);
  }
  return old;
}

/** The readings of a batch that change something. */
export interface Fresh {
  /** New and replacing values, ascending by timestamp. */
  readonly items: readonly Placed[];
  /** How many of `items` are not newer than the newest stored reading: they come first. */
  readonly late: number;
  /** Readings with another value than the one already known at their timestamp. */
  readonly conflicts: number;
}

/**
 * Finds the duplicates, and marks them.
 * @param stored values that the store has at times of these readings
 */
export function freshOf(
  placed: readonly Placed[],
  stored: ReadonlyMap<number, number>,
  lastTs: number,
): Fresh {
  if (stored.size === 0 && areInOrder(placed, lastTs)) return { items: placed, late: 0, conflicts: 0 };
  return compared(placed, stored, lastTs);
}

/** Whether each reading is newer than all before it, as nearly always. */
function areInOrder(placed: readonly Placed[], lastTs: number): boolean {
  let newest = lastTs;
  for (const { fate, reading } of placed) {
    if (fate === 'busy' || reading.ts <= newest) return false;
    newest = reading.ts;
  }
  return true;
}

/** Compares each reading with what is stored and with the others: an equal one is a duplicate, of two values the greater stays. */
function compared(placed: readonly Placed[], stored: ReadonlyMap<number, number>, lastTs: number): Fresh {
  const effective = new Map<number, Placed>();
  let late = 0;
  let conflicts = 0;
  for (const item of placed) {
    if (item.fate === 'busy') continue;
    const { ts, value } = item.reading;
    const rival = effective.get(ts);
    const current = rival?.reading.value ?? stored.get(ts);
    if (current !== undefined && current !== value) conflicts++;
    if (current !== undefined && value <= current) {
      item.fate = 'duplicate';
      continue;
    }
    effective.set(ts, item);
    if (rival) rival.fate = 'duplicate';
    else if (ts <= lastTs) late++;
  }
  return { items: [...effective.values()].sort((a, b) => a.reading.ts - b.reading.ts), late, conflicts };
}
