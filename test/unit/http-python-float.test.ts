import { describe, expect, it } from 'vitest';
import { pythonFloat } from '../../src/http/legacy/python-float.ts';

describe('numbers as Python prints them', () => {
  // The right column is what `repr(float(…))` of CPython 3.11 prints.
  it.each([
    [13, '13.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [-1.5, '-1.5'],
    [72.25, '72.25'],
    [0.1 + 0.2, '0.30000000000000004'],
    [0.046, '0.046'],
    [1 / 3, '0.3333333333333333'],
    [0.0001, '0.0001'],
    [0.00012345, '0.00012345'],
    [0.00009999, '9.999e-05'],
    [1e-5, '1e-05'],
    [-1.25e-7, '-1.25e-07'],
    [1e15, '1000000000000000.0'],
    [2 ** 53, '9007199254740992.0'],
    [9999999999999998, '9999999999999998.0'],
    [1e16, '1e+16'],
    [1.2345678901234567e19, '1.2345678901234567e+19'],
    [1e20, '1e+20'],
    [1e22, '1e+22'],
    [-1e100, '-1e+100'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [5e-324, '5e-324'],
  ])('prints %d as %s', (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });

  it('prints text that reads back as the same number', () => {
    let seed = 1;
    for (let i = 0; i < 20_000; i++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      const value = (seed / 2 ** 31 - 0.5) * 10 ** ((seed % 600) - 300);
      expect(Number(pythonFloat(value))).toBe(value);
    }
  });
});
