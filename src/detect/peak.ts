/** The peak of an open alert: the reading that lies farthest beyond, the first of equal ones. A function of the readings, as all of the fold. */
import type { Peak } from '../domain/alert.ts';
import type { Sample } from '../domain/reading.ts';
import type { Opening } from './state.ts';

/** Doubles of a stored peak: value and time. */
export const PEAK_SLOTS = 2;

/** @returns the opening itself where the reading lies no farther */
export function withPeak(opening: Opening, { ts, value }: Sample): Opening {
  const beyond = distance(opening);
  return beyond(value) > beyond(peakOf(opening).value) ? { ...opening, peak: { value, ts } } : opening;
}

function peakOf({ value, ts, peak }: Opening): Peak {
  return peak ?? { value, ts };
}

/** `min` and `max` look in one direction, every other rule away from what was expected. */
function distance({ rule, expected, value: first }: Opening): (value: number) => number {
  if (rule === 'max') return (value) => value;
  if (rule === 'min') return (value) => -value;
  return (value) => Math.abs(value - (expected ?? first));
}

/** @returns nothing where every opening is its own peak: most are */
export function peakNumbers(open: readonly Opening[]): Float64Array {
  if (open.every(({ peak }) => peak === undefined)) return new Float64Array(0);
  return Float64Array.from(open.map(peakOf).flatMap(({ value, ts }) => [value, ts]));
}

/** @param numbers what `peakNumbers` gave */
export function withPeaks(open: readonly Opening[], numbers: ArrayLike<number>): Opening[] {
  return open.map((opening, i) => {
    const [value, ts] = [numbers[PEAK_SLOTS * i], numbers[PEAK_SLOTS * i + 1]];
    return value === undefined || ts === undefined || ts === opening.ts
      ? opening
      : { ...opening, peak: { value, ts } };
  });
}
