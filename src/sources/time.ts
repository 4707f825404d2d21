/**
 * Times in messages: numbers in seconds, ms, µs or ns, digits as text, ISO 8601, RFC 2822; and the names under which devices
 * write them.
 */
import type { TimeZone } from './time-zone.ts';

export type TimeUnit = 'auto' | 's' | 'ms' | 'us' | 'ns';

export interface TimeOptions {
  readonly unit: TimeUnit;
  /** Of local times without a zone; null: UTC. */
  readonly zone: TimeZone | null;
}

/** Names that always mean the time of the reading, in the order in which they are looked for. Compared as `plainName` has them. */
const TIME_NAMES = ['ts', 'timestamp', 'time', 'datetime', 'lastseen'];
/** Names that mean a time where their value looks like one: `t` is a temperature as well. */
const PERHAPS = [
  ...[
    'timestamputc',
    'timeutc',
    'utctime',
    'unixtime',
    'epoch',
    'epochtime',
    'date',
    'dateutc',
    't',
    'sampletime',
  ],
  ...[
    'measuredat',
    'observedat',
    'recordedat',
    'receivedat',
    'createdat',
    'dateobserved',
    'sourcetimestamp',
    'updated',
    'dt',
    'tst',
    'utc',
  ],
];
const RANKS: ReadonlyMap<string, number> = new Map([...TIME_NAMES, ...PERHAPS].map((name, i) => [name, i]));

const remembered = new Map<string, number | null>();
const REMEMBERED = 2000;

/** Factor to ms. */
const UNIT_MS = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 } as const;
/** Between these, ms UTC, a number without a unit can be a time: 2000 to 2100. */
const PLAUSIBLE = [946_684_800_000, 4_102_444_800_000] as const;

const ISO =
  /^(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$/i;
const COMPACT = /^((?:19|20)\d\d)(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)(Z|[+-]\d\d(?::?\d\d)?)?$/i;
const RFC_2822 =
  /^(?:[A-Za-z]{3},\s+)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d\d):(\d\d)(?::(\d\d))?\s*(Z|UT|UTC|GMT|[+-]\d{4})?$/;
/** Of asctime: `Mon Nov 30 06:22:50 2026`. */
const ASCTIME = /^[A-Za-z]{3}\s+([A-Za-z]{3})\s+(\d{1,2})\s+(\d\d):(\d\d):(\d\d)\s+(\d{4})$/;
const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';
/** Longer than any time. */
const LONGEST = 64;

function plainName(name: string): string {
  return name.length > 24 ? '' : name.replaceAll(/[_\-. ]/g, '').toLowerCase();
}

/** Whether a field's name may mean a time; the smaller the rank, the sooner it does. @returns null: it does not */
export function timeRank(name: string): number | null {
  // Asked for every field of every message, and devices use the same names again and again.
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const rank = RANKS.get(plainName(name)) ?? null;
  if (remembered.size >= REMEMBERED) remembered.clear();
  remembered.set(name, rank);
  return rank;
}

/** Whether the name alone says that its value is a time. */
export function alwaysTime(rank: number): boolean {
  return rank < TIME_NAMES.length;
}

/**
 * @returns ms UTC; null where the value says that there is none (null, an empty text, 0: a clock that was never set);
 *   undefined where it is no time
 */
export function readTime(value: unknown, { unit, zone }: TimeOptions): number | null | undefined {
  if (value === null || value === 0) return null;
  if (typeof value === 'number') return fromNumber(value, unit);
  if (value instanceof Date) return usable(value.getTime());
  if (typeof value !== 'string') return undefined;
  if (value.length > LONGEST)
    return value.length < 500 && value.trim().length <= LONGEST
      ? readTime(value.trim(), { unit, zone })
      : undefined;
  const text = value.trim();
  const iso = ISO.exec(text);
  if (iso) return civil(iso.slice(1, 7), iso[7] ?? '', iso[8], zone);
  if (text === '' || /^(null|none|nan|unknown|unavailable|n\/a|0)$/i.test(text)) return null;
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) {
    const compact = text.length === 14 ? COMPACT.exec(text) : null;
    return compact ? civil(compact.slice(1, 7), '', compact[7], zone) : fromNumber(Number(text), unit);
  }
  const compact = COMPACT.exec(text);
  if (compact) return civil(compact.slice(1, 7), '', compact[7], zone);
  const rfc = RFC_2822.exec(text);
  if (rfc) {
    const [, day, month, year, hour, minute, second, offset] = rfc;
    return civil([year!, monthOf(month!), day!, hour!, minute!, second], '', offset, zone);
  }
  const [, month, day, hour, minute, second, year] = ASCTIME.exec(text) ?? [];
  return month === undefined
    ? undefined
    : civil([year, monthOf(month), day, hour, minute, second], '', undefined, zone);
}

/** 1 to 12; 0 for a text that is no month. */
function monthOf(name: string): string {
  const at = MONTHS.indexOf(name.toLowerCase()) / 3;
  return Number.isInteger(at) && at >= 0 ? String(at + 1) : '0';
}

/** Whether a value can be the time of a reading: for names that may mean something else. */
export function looksLikeTime(value: unknown, options: TimeOptions): boolean {
  return isPlausible(readTime(value, options));
}

/** @param ts as `readTime` gives it */
export function isPlausible(ts: number | null | undefined): boolean {
  return typeof ts === 'number' && ts >= PLAUSIBLE[0] && ts <= PLAUSIBLE[1];
}

/** Which unit a number without one is in: each is a thousand times the other, and times before 1973 are not asked for. */
export function guessedUnit(value: number): keyof typeof UNIT_MS {
  const size = Math.abs(value);
  if (size < 1e11) return 's';
  if (size < 1e14) return 'ms';
  return size < 1e17 ? 'us' : 'ns';
}

function fromNumber(value: number, unit: TimeUnit): number | undefined {
  return usable(Math.round(value * UNIT_MS[unit === 'auto' ? guessedUnit(value) : unit]));
}

function usable(ms: number): number | undefined {
  return Number.isSafeInteger(ms) && ms >= 0 ? ms + 0 : undefined;
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** @param parts texts of year, month (1 to 12), day, hour, minute, second */
function civil(
  parts: readonly (string | undefined)[],
  fraction: string,
  offset: string | undefined,
  zone: TimeZone | null,
): number | undefined {
  const year = +parts[0]!;
  const month = +parts[1]!;
  const day = +parts[2]!;
  const hour = +(parts[3] ?? 0);
  const minute = +(parts[4] ?? 0);
  const second = +(parts[5] ?? 0);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && !leap ? 28 : (DAYS[month - 1] ?? 0);
  if (day < 1 || day > days || hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = fraction === '' ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3));
  const local = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  if (offset === undefined) return usable(zone ? zone.toUtc(local) : local);
  if (offset === 'Z' || /^(Z|UT|UTC|GMT)$/i.test(offset)) return usable(local);
  const digits = offset.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2, 4))];
  // No zone is farther from UTC than 14 hours.
  if (hours > 14 || minutes > 59) return undefined;
  return usable(local - (offset[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000);
}
