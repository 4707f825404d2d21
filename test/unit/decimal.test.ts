import { describe, expect, it } from 'vitest';
import { parseDecimal } from '../../src/domain/decimal.ts';
import { cpuTime } from '../helpers/cpu-time.ts';

describe('parseDecimal', () => {
  it.each([
    ['0', 0],
    ['-0', -0],
    ['+21.5', 21.5],
    ['21.', 21],
    ['.5', 0.5],
    ['007', 7],
    ['1e3', 1000],
    ['1.5E-2', 0.015],
    ['1e400', Number.POSITIVE_INFINITY],
  ])('reads %s', (text, value) => {
    expect(parseDecimal(text)).toBe(value);
  });

  it.each([
    '',
    '.',
    '+',
    '-.',
    'e3',
    '1e',
    '1e+',
    '1.2.3',
    '1,5',
    '0x10',
    '1_000',
    'NaN',
    'Infinity',
    ' 1',
    '1 ',
  ])("takes '%s' for no number", (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  it('takes no longer than the text is long', async () => {
    const digits = '1'.repeat(1_000_000);
    const work = await cpuTime(() => {
      for (const text of [`${digits}x`, `.${digits}x`, `${digits}.${digits}x`, `1e${digits}x`])
        expect(parseDecimal(text)).toBeNull();
    });
    // Some 10 ms; with two ways to split the digits it is hours.
    expect(work).toBeLessThan(2000);
  });
});
