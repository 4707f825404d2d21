/** How many decimals the panel writes the numbers of a series with. */
import { describe, expect, it } from 'vitest';
import {
  decimalsFor,
  decimalsOf,
  isExponential,
  learn,
  unknownPrecision,
} from '../../src/http/panel/precision.js';

function decimals(values: readonly number[]): number {
  const precision = unknownPrecision();
  for (const value of values) learn(precision, value);
  return decimalsFor(precision);
}

describe('the decimals of a series', () => {
  it.each([
    ['whole numbers', [3, 40, 1_234_567_890], 0],
    ['steps of a half', [21, 21.5, 22], 1],
    ['steps of a hundredth', [21.5, 21.53, 21], 2],
    ['a long number that ends', [1_234_567.891, 2], 3],
    ['small ones', [0.00012, 0.0001], 5],
    ['the error of a sum among short ones', [0.3, 0.1 + 0.2, 0.7], 1],
    ['none yet', [], 0],
    ['only huge ones', [1.7e308, 1e-300], 0],
    ['numbers without an end, by their spread', [21 + 1 / 3, 22 + 2 / 3, 23 + 1 / 7], 3],
    ['numbers without an end, far apart', [1e6 / 3, 1e6 / 7, 2e6 / 3], 0],
    ['one number without an end', [21 + 1 / 3], 4],
    ['what a sensor measured with 32 bits', [Math.fround(21.53), Math.fround(21.67), Math.fround(22.11)], 4],
  ])('follow from %s', (_, values, expected) => {
    expect(decimals(values)).toBe(expected);
  });

  it('grow with a longer number and never shrink', () => {
    const precision = unknownPrecision();
    const after = (value: number) => {
      learn(precision, value);
      return decimalsFor(precision);
    };
    expect([21, 21.5, 21.25, 22, 23].map(after)).toEqual([0, 1, 2, 2, 2]);
  });

  it('stay once there are enough numbers without an end, however far the next ones are', () => {
    const precision = unknownPrecision();
    for (let i = 0; i < 50; i++) learn(precision, 21 + Math.sin(i));
    const before = decimalsFor(precision);
    expect(before).toBe(3);
    for (let i = 0; i < 50; i++) learn(precision, 1000 * Math.sin(i));
    expect(decimalsFor(precision)).toBe(before);
  });

  it('are those of one number, too', () => {
    expect([21.5, 100, 1e-7, 1.25e-3, 123_456.789].map(decimalsOf)).toEqual([1, 0, 7, 5, 3]);
    expect([0.1 + 0.2, 1 / 3, Math.fround(21.53)].map(decimalsOf)).toEqual([1, 16, 15]);
    expect([0, 1e15, 1e-10, -2e20, 999, Number.NaN].map(isExponential)).toEqual([
      false,
      true,
      true,
      true,
      false,
      true,
    ]);
  });
});
