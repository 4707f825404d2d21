/**
 * Times as the legacy pages show them. `/listar` prints a thousand times per request, and rows next to each other share their
 * day: the text of the day is made once, and only the time of day is computed for each row.
 */
const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));

/** @returns a function that prints ms UTC as `2025-11-28 22:09:15`; keep one per page, it remembers the last day */
export function utcText(): (ts: number) => string {
  let day = Number.NaN;
  let dayText = '';
  return (ts) => {
    const thisDay = Math.floor(ts / DAY_MS);
    if (thisDay !== day) {
      day = thisDay;
      dayText = new Date(day * DAY_MS).toISOString().slice(0, -14);
    }
    const second = Math.floor((ts - day * DAY_MS) / 1000);
    const minute = Math.floor(second / 60);
    return `${dayText} ${TWO_DIGITS[Math.floor(minute / 60)]}:${TWO_DIGITS[minute % 60]}:${TWO_DIGITS[second % 60]}`;
  };
}
