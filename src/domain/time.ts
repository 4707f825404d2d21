const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Reads a time of ISO 8601 (`2025-11-28T22:09:15.250+02:00`, `2025-11-28 22:09:15`, `2025-11-28`). A time without a
 * zone is UTC; digits beyond the millisecond are dropped.
 * @returns ms UTC, or null for anything else, such as 30 February
 */
export function parseIsoTime(text: string): number | null {
  const match = ISO.exec(text.trim());
  if (!match) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  const utc = Date.UTC(+year!, +month! - 1, +day!, +hour, +minute, +second, ms);
  const date = new Date(utc);
  if (
    date.getUTCMonth() !== +month! - 1 ||
    date.getUTCDate() !== +day! ||
    +hour > 23 ||
    +minute > 59 ||
    +second > 59
  ) {
    return null;
  }
  if (zone.toUpperCase() === 'Z') return utc;
  const digits = zone.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2, 4))];
  // No zone is farther from UTC than 14 hours.
  if (hours > 14 || minutes > 59) return null;
  return utc - (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** ms since 1970 (a fraction is rounded) or ISO 8601 text. @returns ms, null for anything else or before 1970 */
export function readTime(ts: unknown): number | null {
  const ms = typeof ts === 'number' ? Math.round(ts) : typeof ts === 'string' ? parseIsoTime(ts) : null;
  return ms !== null && Number.isSafeInteger(ms) && ms >= 0 ? ms + 0 : null;
}
