/** When a mute holds: patterns, times, and windows of every week in their time zone. */
import { describe, expect, it } from 'vitest';
import { type Mute, muteOf } from '../../src/domain/mute.ts';

const ALWAYS: Mute = {
  ...{ id: 'a', sensor: 'f-*', metric: '*', rule: 'max', from: 1000, until: 2000, weekly: null },
  ...{ comment: '', by: null },
};
const ALERT = { sensor: 'f-1', metric: 'temperature', rule: 'max' };
const holds = (over: Partial<Mute>, at: number, alert = ALERT) =>
  muteOf([{ ...ALWAYS, ...over }], alert, at) !== null;

it('holds for the series and rules of its patterns, from its start until its end', () => {
  expect([999, 1000, 1999, 2000].map((at) => holds({}, at))).toEqual([false, true, true, false]);
  expect(holds({ until: null }, 9e12)).toBe(true);
  expect(holds({}, 1500, { ...ALERT, sensor: 'g-1' })).toBe(false);
  expect(holds({}, 1500, { ...ALERT, rule: 'min' })).toBe(false);
  expect(holds({ metric: 'humidity' }, 1500)).toBe(false);
});

describe('a weekly window', () => {
  const window = (days: readonly string[], start: string, end: string, zone = 'UTC') =>
    ({ from: 0, until: null, weekly: { days, start, end, zone } }) as Partial<Mute>;
  const at = (text: string) => Date.parse(text);

  it.each([
    // 2026-01-03 is a Saturday.
    ['2026-01-03T21:59:59Z', false],
    ['2026-01-03T22:00:00Z', true],
    ['2026-01-04T05:59:59Z', true],
    ['2026-01-04T06:00:00Z', false],
    ['2026-01-04T22:30:00Z', false],
    ['2026-01-03T03:00:00Z', false],
  ])('over midnight on a Saturday holds at %s: %s', (time, expected) => {
    expect(holds(window(['sat'], '22:00', '06:00'), at(time))).toBe(expected);
  });

  it('goes by the clock of its zone, also when the clocks are changed', () => {
    const madrid = window(
      ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
      '08:00',
      '09:00',
      'Europe/Madrid',
    );
    const hours = (day: string) =>
      Array.from({ length: 24 }, (_, h) => h).filter((h) =>
        holds(madrid, at(`${day}T00:30:00Z`) + h * 3_600_000),
      );
    expect(hours('2026-01-15')).toEqual([7]);
    expect(hours('2026-07-15')).toEqual([6]);
  });

  it('from midnight to midnight is the whole day', () => {
    const sunday = window(['sun'], '00:00', '00:00');
    expect(holds(sunday, at('2026-01-04T00:00:00Z'))).toBe(true);
    expect(holds(sunday, at('2026-01-04T23:59:00Z'))).toBe(true);
    expect(holds(sunday, at('2026-01-05T00:00:00Z'))).toBe(false);
  });
});
