/** The clock of readings: what it believes of a source that jumps. */
import { expect, it } from 'vitest';
import { ReadingClock } from '../../src/app/reading-clock.ts';
import { collectingLogger } from '../helpers/collecting-logger.ts';

const T0 = 1_700_000_000_000;
const HOUR = 3_600_000;

function started() {
  const time = { wall: T0, passed: 0 };
  const { lines, logger } = collectingLogger('info');
  const clock = new ReadingClock({ wall: () => time.wall, monotonic: () => time.passed, logger });
  const pass = (ms: number) => {
    time.passed += ms;
    time.wall += ms;
  };
  return { clock, lines, time, pass };
}

it('goes by the clock of the process until the source was asked, and by the source from then on', () => {
  const { clock, pass, time } = started();
  expect(clock.now()).toBe(T0);
  clock.take(T0 - 500_000);
  pass(1000.4);
  expect(clock.now()).toBe(T0 - 499_000);
  time.wall += HOUR;
  expect(clock.now()).toBe(T0 - 499_000);
  clock.take(T0 - 498_900);
  expect(clock.now()).toBe(T0 - 498_900);
});

it.each([HOUR, -90_000, 2000, 40 * 24 * HOUR])(
  'passes over a jump of %i ms that is over within 10 s',
  (by) => {
    const { clock, pass, lines } = started();
    clock.take(T0);
    for (let i = 1; i <= 4; i++) {
      pass(2000);
      clock.take(T0 + i * 2000 + by);
      expect(clock.now()).toBe(T0 + i * 2000);
    }
    pass(2000);
    clock.take(T0 + 10_000);
    expect(clock.now()).toBe(T0 + 10_000);
    expect(lines).toHaveLength(1);
  },
);

it('believes a jump that stays, at once where a second clock says the same', () => {
  const { clock, pass } = started();
  clock.take(T0);
  for (let i = 1; i <= 6; i++) {
    pass(2000);
    clock.take(T0 + i * 2000 - HOUR);
  }
  expect(clock.now()).toBe(T0 + 12_000 - HOUR);
  clock.take(T0 + 12_000, true);
  expect(clock.now()).toBe(T0 + 12_000);
});

it('says between which times it is while clocks differ', () => {
  const { clock, pass, time } = started();
  clock.take(T0);
  time.wall -= HOUR;
  clock.take(T0 + HOUR);
  pass(1000);
  expect(clock.between()).toEqual({ earliest: T0 + 1000 - HOUR, latest: T0 + 1000 + HOUR });
});
