/** A million mutated messages over all codecs and presets: the long form of test/unit/codecs-fuzz.test.ts, with times. */
import { expect, it } from 'vitest';
import { fuzz } from '../helpers/fuzz-decoder.ts';

const COUNT = Number(process.env.BENCH_MESSAGES ?? 1_000_000);

it(`${COUNT} mutated messages`, () => {
  const { wrong, slowest, ...counts } = fuzz(COUNT, Number(process.env.BENCH_SEED ?? 1));
  console.log(`${JSON.stringify(counts)}, the slowest took ${slowest.toFixed(1)} ms`);
  expect(wrong.slice(0, 5)).toEqual([]);
});
