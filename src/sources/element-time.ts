/** Finds the time of an element: where the source says, or by the names that devices give it. */
import { type Item, isScalar, lookUp } from './item.ts';
import type { Outcome } from './outcome.ts';
import { below } from './path.ts';
import type { Source } from './source.ts';
import { alwaysTime, isPlausible, readTime, timeRank } from './time.ts';

/** The time of an element, and the field that had it. */
export interface ElementTime {
  /** ms UTC; undefined where the message says none: the time of arrival. */
  readonly ts: number | undefined;
  /** The key at the top of the element, null where it is elsewhere. */
  readonly key: string | null;
}

export const NO_TIME: ElementTime = { ts: undefined, key: null };
/** Names whose value must be a time: anything else there is a mistake of the device. */
const STRICT = new Set(['ts', 'timestamp', 'datetime']);

/** @returns null where the time is none: `outcome` has the problem then */
export function timeOf(item: Item, source: Source, outcome: Outcome): ElementTime | null {
  const options = { unit: source.timeUnit, zone: source.timeZone };
  if (source.time) {
    const found = lookUp(source.time, item);
    if (found) return finished(found.value, found.path.text, null, options, outcome);
    outcome.ignored.push({ path: source.time[0]!.text, reason: 'missing-time' });
    return NO_TIME;
  }
  const { element, above, path } = item;
  if (isScalar(element) && above.length === 0) return NO_TIME;
  const own = keyOf(element, options);
  if (own) return finished(own.value, below(path, own.key), own.key, options, outcome, own.ts);
  for (const around of above) {
    const outer = keyOf(around, options);
    if (outer) return finished(outer.value, below('$', outer.key), null, options, outcome, outer.ts);
  }
  return NO_TIME;
}

type Options = Parameters<typeof readTime>[1];

interface TimeKey {
  readonly key: string;
  readonly value: unknown;
  /** As `readTime` gives it. */
  readonly ts: number | null | undefined;
}

/** The key that means the time soonest. */
function keyOf(element: unknown, options: Options): TimeKey | null {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) return null;
  let best: TimeKey | null = null;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const key in element) {
    const rank = timeRank(key);
    if (rank === null || rank >= bestRank) continue;
    const value = (element as Record<string, unknown>)[key];
    const ts = readTime(value, options);
    // `time: 35` may be how long something takes, and `t: 21.5` is a temperature.
    const saysTime = isPlausible(ts) || (ts === null && alwaysTime(rank)) || STRICT.has(key.toLowerCase());
    if (!saysTime) continue;
    best = { key, value, ts };
    bestRank = rank;
  }
  return best;
}

function finished(
  value: unknown,
  path: string,
  key: string | null,
  options: Options,
  outcome: Outcome,
  ts = readTime(value, options),
): ElementTime | null {
  if (ts === undefined) {
    outcome.decoded.push({ problem: { field: 'ts', reason: 'bad-ts', detail: detailOf(value, path) } });
    return null;
  }
  if (ts === null) {
    outcome.ignored.push({ path, reason: value === 0 || value === '0' ? 'zero-time' : 'null-time' });
    return { ts: undefined, key };
  }
  outcome.timeField ??= path;
  return { ts, key };
}

function detailOf(value: unknown, path: string): string {
  const kind =
    typeof value === 'string'
      ? `the text '${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`
      : typeof value === 'object'
        ? Array.isArray(value)
          ? 'an array'
          : 'an object'
        : String(value);
  return `${path.replace(/^\$\./, '')} must be a time (ms since 1970, or ISO 8601), not ${kind}`;
}
