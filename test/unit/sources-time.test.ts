/** Times in messages: how they are written, in which unit, and in which time zone. */
import { describe, expect, it } from 'vitest';
import { looksLikeTime, readTime, timeRank } from '../../src/sources/time.ts';
import { TimeZone } from '../../src/sources/time-zone.ts';

const AUTO = { unit: 'auto', zone: null } as const;
const NOV = Date.UTC(2026, 10, 30, 6, 22, 50);

describe('a time', () => {
  it.each<[unknown, number]>([
    [1_796_019_770, NOV],
    [1_796_019_770.25, NOV + 250],
    [1_796_019_770_348, NOV + 348],
    [1_796_019_770_348_000, NOV + 348],
    [1_796_019_770_348_000_000, NOV + 348],
    ['1796019770', NOV],
    ['1796019770348000000', NOV + 348],
    [' 1796019770348 ', NOV + 348],
    ['2026-11-30T06:22:50Z', NOV],
    ['2026-11-30T08:22:50+02:00', NOV],
    ['2026-11-30 06:22:50.348123456+00:00', NOV + 348],
    ['2026-11-30T06:22:50', NOV],
    ['2026/11/30 06:22:50 UTC', NOV],
    ['20261130062250', NOV],
    ['20261130T062250Z', NOV],
    ['Mon, 30 Nov 2026 06:22:50 GMT', NOV],
    ['30 Nov 2026 08:22:50 +0200', NOV],
    ['Mon Nov 30 06:22:50 2026', NOV],
    [new Date(NOV), NOV],
    // Too small for a millisecond, and no -0.
    [-1e-9, 0],
  ])('%s', (value, ts) => {
    expect(readTime(value, AUTO)).toBe(ts);
  });

  it.each([null, 0, '', ' ', '0', 'null', 'unknown'])('may say that there is none: %j', (value) => {
    expect(readTime(value, AUTO)).toBeNull();
  });

  it.each([
    'yesterday',
    true,
    {},
    [],
    -5,
    1e300,
    Number.NaN,
    '2026-02-30T00:00:00Z',
    '2026-11-30T24:00:00Z',
    '2026-11-30T06:22:50+15:00',
    '30 Xyz 2026 06:22:50 GMT',
    '12:30',
    ' '.repeat(100_000),
    '1'.repeat(100_000),
  ])('is none: %j', (value) => {
    expect(readTime(value, AUTO)).toBeUndefined();
  });

  it('may be in a unit that the source gives', () => {
    expect(readTime(1_796_019_770_348, { unit: 'us', zone: null })).toBe(1_796_019_770);
    expect(readTime('1796019770', { unit: 's', zone: null })).toBe(NOV);
  });

  it('is looked for by its name', () => {
    const names = [
      'ts',
      'timestamp',
      'Time',
      'date_time',
      'last_seen',
      'lastSeen',
      'temperature',
      'timeout',
      'uptime',
    ];
    expect(names.map((name) => timeRank(name) !== null)).toEqual([
      ...Array(6).fill(true),
      false,
      false,
      false,
    ]);
    expect(timeRank('ts')!).toBeLessThan(timeRank('time')!);
  });

  it('that is no plausible date is a number like any other', () => {
    expect([21.5, 35, '45', '2026-11-30', 1_796_019_770].map((value) => looksLikeTime(value, AUTO))).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });
});

describe('a local time', () => {
  const madrid = { unit: 'auto', zone: new TimeZone('Europe/Madrid') } as const;

  it('is of the zone of the source, in summer and in winter', () => {
    expect(readTime('2026-07-01 12:00:00', madrid)).toBe(Date.UTC(2026, 6, 1, 10));
    expect(readTime('2026-12-01 12:00:00', madrid)).toBe(Date.UTC(2026, 11, 1, 11));
    expect(readTime('2026-12-01 12:00:00Z', madrid)).toBe(Date.UTC(2026, 11, 1, 12));
  });

  it('that clocks skip is as far after the gap as it stands in it', () => {
    // From 02:00 to 03:00 on 29 March.
    expect(readTime('2026-03-29 02:30:00', madrid)).toBe(Date.UTC(2026, 2, 29, 1, 30));
    expect(readTime('2026-03-29 01:59:59', madrid)).toBe(Date.UTC(2026, 2, 29, 0, 59, 59));
    expect(readTime('2026-03-29 03:00:00', madrid)).toBe(Date.UTC(2026, 2, 29, 1));
  });

  it('that clocks show twice is the first of both', () => {
    // From 03:00 back to 02:00 on 25 October.
    expect(readTime('2026-10-25 02:30:00', madrid)).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(readTime('2026-10-25 03:00:00', madrid)).toBe(Date.UTC(2026, 9, 25, 2));
  });

  it('agrees with Intl in every hour of a year, in zones with odd offsets', () => {
    for (const name of ['Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Apia', 'UTC']) {
      const zone = new TimeZone(name);
      const shown = new Intl.DateTimeFormat('sv-SE', {
        timeZone: name,
        dateStyle: 'short',
        timeStyle: 'medium',
      });
      for (let utc = Date.UTC(2026, 0, 1); utc < Date.UTC(2027, 0, 1); utc += 7 * 3_600_000) {
        const local = shown.format(utc);
        const read = readTime(local, { unit: 'auto', zone })!;
        expect(shown.format(read), `${name} ${local}`).toBe(local);
      }
    }
  });

  it('must be of a zone that exists', () => {
    expect(() => new TimeZone('Europe/Nowhere')).toThrow(RangeError);
  });
});
