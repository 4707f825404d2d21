/** Gives each reading of a batch its place in time, and sorts out duplicates and conflicts. */
import type { IncomingReading, Reading } from '../domain/reading.ts';
import type { SeriesId } from '../domain/series.ts';
import type { SeriesStore } from '../store/store.ts';

/** How far the arrival times of a series usually run ahead of the clock, ms: a second of one reading each ms. */
const NEAR = 1000;

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
  /** Nobody waits for the answer, so its arrival time may run ahead as far as `ARRIVAL_LEAD`. */
  readonly mayRunAhead?: boolean;
}

/** After which times a series has room for arrival times, ms: the newest stored ones that are not too far ahead of the clock. */
export interface Room {
  readonly near: number;
  readonly far: number;
}

/**
 * Looks up the room of a series. Where its newest reading is far ahead of the clock (a sensor or a process had a wrong clock),
 * arrival times go before that reading: nothing waits until the clock has come there.
 * @param lead ms, at least NEAR
 * @returns a promise only where the store has to be asked
 */
export function roomFor(
  series: SeriesId,
  items: readonly WithReading[],
  lastTs: number,
  now: number,
  lead: number,
  store: Pick<SeriesStore, 'range'>,
): Room | Promise<Room> {
  const last = { near: lastTs, far: lastTs };
  if (lastTs <= now + NEAR || items.every(({ reading }) => isTimed(reading!))) return last;
  const newest = async (until: number) => {
    if (lastTs <= until) return lastTs;
    const [found] = await store.range(series, now, until, 1);
    return found?.ts ?? now - 1;
  };
  return Promise.all([newest(now + NEAR), newest(now + lead)]).then(([near, far]) => ({
    near,
    far,
  }));
}

/** Gives every reading its timestamp. @param items each with a reading @param lead as for `roomFor` */
export function place(
  series: SeriesId,
  items: readonly WithReading[],
  room: Room,
  now: number,
  lead: number,
): Placed[] {
  let { near, far } = room;
  for (const { reading } of items) {
    const { ts } = reading!;
    if (ts === undefined) continue;
    if (ts <= now + NEAR) near = Math.max(near, ts);
    if (ts <= now + lead) far = Math.max(far, ts);
  }
  return items.map(({ reading, mayRunAhead }) => {
    if (isTimed(reading!)) return { reading, fate: 'committed', position: -1 };
    let ts = Math.max(now, near + 1);
    if (ts <= now + NEAR) near = ts;
    else if (mayRunAhead) ts = Math.max(ts, far + 1);
    const busy = ts > now + (mayRunAhead ? lead : NEAR);
    if (!busy) far = Math.max(far, ts);
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
