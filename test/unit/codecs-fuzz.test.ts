/** Mutated messages over all codecs and presets: no crash, nothing that a store could not keep, accounts that add up. */
import { expect, it } from 'vitest';
import { fuzz } from '../helpers/fuzz-decoder.ts';

it('10,000 mutated messages (npm run bench -- fuzz: a million)', () => {
  const { wrong, messages, readings, problems, silent } = fuzz(10_000, 20_261_130);
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(messages).toBe(10_000);
  // It would say little if nearly all of them were one or the other.
  expect(Math.min(readings, problems, silent)).toBeGreaterThan(100);
});
