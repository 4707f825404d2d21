import { expect, it } from 'vitest';
import { Gathering } from '../../src/pipeline/gathering.ts';

/** A batch of one reading every `every` ms, for a second. @returns when the last one began */
function steady(gathering: Gathering, every: number): number {
  let now = 0;
  for (; now <= 1000; now += every) gathering.begun(1, now);
  return now - every;
}

it('a reading that comes alone does not wait', () => {
  const gathering = new Gathering(2);
  expect(gathering.wait(1, 0, 0)).toBe(0);
  const last = steady(gathering, 10);
  expect(gathering.wait(1, last, last)).toBe(0);
});

it('waits for the readings to be expected, counted from the arrival of the first', () => {
  const gathering = new Gathering(2);
  const last = steady(gathering, 1);
  expect(gathering.wait(1, last, last)).toBe(2);
  expect(gathering.wait(3, last, last + 1.5)).toBe(0.5);
  expect(gathering.wait(3, last, last + 30)).toBe(0);
});

it('waits no longer where enough are there', () => {
  const gathering = new Gathering(2);
  const last = steady(gathering, 1);
  expect(gathering.wait(15, last, last)).toBe(2);
  expect(gathering.wait(16, last, last)).toBe(0);
});

it('does not wait after a pause, nor where the setting is 0', () => {
  const gathering = new Gathering(2);
  const last = steady(gathering, 1);
  gathering.begun(1, last + 1000);
  expect(gathering.wait(1, last + 1000, last + 1000)).toBe(0);
  const off = new Gathering(0);
  expect(off.wait(1, steady(off, 0.1), 1000)).toBe(0);
});
