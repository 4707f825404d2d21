import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, frameWindow, fromScaled, toScaled } from '../../models/scaling.ts';

const anyWindow = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
  minLength: 2,
  maxLength: 20,
});

function frameOf(values: readonly number[]): Frame {
  const frame = { centre: Number.NaN, scale: Number.NaN };
  frameWindow({ kind: 'window' }, Float64Array.from(values), 0, values.length, frame);
  return frame;
}

describe('window scaling', () => {
  it('measures by mean and standard deviation', () => {
    const { centre, scale } = frameOf([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(centre).toBeCloseTo(5, 12);
    expect(scale).toBeCloseTo(2, 12);
  });

  it('looks at its own window only', () => {
    const frame = { centre: 0, scale: 0 };
    frameWindow({ kind: 'window' }, Float64Array.of(1e9, 1, 3, -1e9), 1, 2, frame);
    expect(frame).toEqual({ centre: 2, scale: 1 });
  });

  it('is finite for every finite window, up to the ends of the doubles', async () => {
    await fc.assert(
      fc.property(anyWindow, fc.double({ min: -30, max: 30, noNaN: true }), (values, scaled) => {
        const frame = frameOf(values);
        expect(frame.scale).toBeGreaterThan(0);
        expect(Number.isFinite(frame.scale)).toBe(true);
        for (const value of values) expect(Number.isFinite(toScaled(value, frame))).toBe(true);
        expect(Number.isFinite(fromScaled(scaled, frame))).toBe(true);
      }),
      {
        numRuns: 2000,
        examples: [
          [[-1.7e308, 1.7e308], 3],
          [[5e-324, 0], 1],
          [[0, 0], 0],
          [[1e300, 1e300], 9],
        ],
      },
    );
  });

  it('has constant windows at 0, without noise from rounding', () => {
    for (const level of [0, 73.1, -1e-5, 1e300]) {
      const frame = frameOf(new Array(10).fill(level));
      expect(Math.abs(toScaled(level, frame))).toBeLessThan(1e-5);
      expect(Math.abs(fromScaled(1, frame) - level)).toBeLessThanOrEqual(Math.abs(level) * 1.1e-9 + 1e-280);
    }
  });
});

describe('affine scaling', () => {
  it('maps and unmaps', () => {
    const frame = { centre: 0, scale: 0 };
    frameWindow({ kind: 'affine', centre: 50, scale: 25 }, Float64Array.of(1, 2), 0, 2, frame);
    expect(toScaled(75, frame)).toBe(1);
    expect(fromScaled(-2, frame)).toBe(0);
    expect(toScaled(1e300, frame)).toBe(1e6);
  });
});
