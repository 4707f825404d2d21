/** Local times to UTC by the rules of a time zone (the IANA names that Intl knows). */

/** Offsets remembered for each zone: a message asks for the same hour again and again. */
const REMEMBERED = 512;
const QUARTER = 900_000;
const DAY = 86_400_000;

export class TimeZone {
  private readonly format: Intl.DateTimeFormat;
  private readonly offsets = new Map<number, number>();

  /** @throws RangeError for a name that Intl does not know */
  constructor(readonly name: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      ...{
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      },
    });
  }

  /**
   * @param local the time on a clock there, as if it were UTC, ms
   * @returns ms UTC. A time that a clock shows twice is the first of both. A time that a clock skips is as far after the gap
   *   as it stands in it: 02:30 of a night that goes from 02:00 to 03:00 is 03:30.
   */
  toUtc(local: number): number {
    const before = this.offsetAt(local - DAY);
    const after = this.offsetAt(local + DAY);
    const candidates = [local - before, local - after].filter((utc) => this.offsetAt(utc) === local - utc);
    return candidates.length === 0 ? local - before : Math.min(...candidates);
  }

  /** How far clocks there are ahead of UTC, ms. */
  private offsetAt(utc: number): number {
    // No zone changes within a quarter of an hour that begins at a full one.
    const quarter = Math.floor(utc / QUARTER);
    const known = this.offsets.get(quarter);
    if (known !== undefined) return known;
    const at = quarter * QUARTER;
    const parts: Record<string, number> = {};
    for (const { type, value } of this.format.formatToParts(at)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    const offset = Date.UTC(year, month - 1, day, hour, minute, second) - at;
    if (this.offsets.size >= REMEMBERED) this.offsets.clear();
    this.offsets.set(quarter, offset);
    return offset;
  }
}
