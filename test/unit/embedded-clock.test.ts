/** Which time the embedded store believes: it decides what is deleted. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { EmbeddedClock } from '../../src/store/embedded/clock.ts';
import { openDatabase } from '../../src/store/embedded/database.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T0 = 1_700_000_000_000;

function clockAt(start: number, database = open()) {
  const clocks = { now: start, monotonic: 5000 };
  const clock = new EmbeddedClock(database, { now: () => clocks.now, monotonic: () => clocks.monotonic });
  return {
    database,
    time: () => clock.time(),
    pass(ms: number) {
      clocks.now += ms;
      clocks.monotonic += ms;
    },
    set(now: number) {
      clocks.now = now;
    },
  };
}

function open() {
  const { database, close } = openDatabase(temporaryDirectory());
  onTestFinished(close);
  return database;
}

describe('the clock of the embedded store', () => {
  it('is the clock of the machine while that goes on', () => {
    const { time, pass } = clockAt(T0);
    expect(time()).toBe(T0);
    pass(40 * DAY);
    expect(time()).toBe(T0 + 40 * DAY);
  });

  it('goes on from where it was when the clock jumps ahead, and follows after a day', () => {
    const { time, pass, set } = clockAt(T0);
    expect(time()).toBe(T0);
    set(T0 + 40 * DAY);
    expect(time()).toBe(T0);
    pass(23 * HOUR);
    expect(time()).toBe(T0 + 23 * HOUR);
    pass(HOUR);
    expect(time()).toBe(T0 + 41 * DAY);
  });

  it('does not believe a process that starts far ahead of the one before', () => {
    const { database, time } = clockAt(T0);
    time();
    const ahead = clockAt(T0 + 40 * DAY, database);
    expect(ahead.time()).toBe(T0);
    const right = clockAt(T0 + HOUR, database);
    expect(right.time()).toBe(T0 + HOUR);
  });

  it('follows a clock that is set back, and one that was off for hours', () => {
    const { time, set } = clockAt(T0);
    time();
    set(T0 - 3 * DAY);
    expect(time()).toBe(T0 - 3 * DAY);
    set(T0 - 3 * DAY + 20 * HOUR);
    expect(time()).toBe(T0 - 3 * DAY + 20 * HOUR);
  });

  it('begins at the newest reading in a store from before it was remembered', () => {
    const database = open();
    database.exec(`INSERT INTO series (sensor, metric, version, state, assignments, status, horizon, last_ts)
      VALUES ('s', 'm', 'v', x'', '[]', 'normal', -1, ${T0})`);
    expect(clockAt(T0 + 40 * DAY, database).time()).toBe(T0);
    expect(clockAt(T0 + HOUR, database).time()).toBe(T0 + HOUR);
  });
});
