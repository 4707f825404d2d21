/**
 * Faults injected into simulated sensors, with the ground truth against which detectors are measured. Where and what is
 * a function of (seed, sensor) alone, in reading numbers; it does not depend on the values.
 */
import { type Random, random } from './random.ts';

/**
 * - `spike`: one reading off by `sd` (4 to 10, uniform) noise standard deviations, on top of its noise, either sign;
 * - `stuck`: 30 to 60 readings repeat the reading before them exactly;
 * - `drift`: a straight ramp away to `sd` (8 to 12), either sign, and back four times as fast, 40 to 80 readings in all;
 * - `dropout`: 20 to 60 readings are missing;
 * - `noise`: for 40 to 80 readings the noise is `sd` (4 to 6) times as large.
 */
export const faultKinds = ['spike', 'stuck', 'drift', 'dropout', 'noise'] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** Numbers of the first and the last affected reading. */
  readonly from: number;
  readonly to: number;
  /** Size in noise standard deviations, never negative; 0 for `stuck` and `dropout`, which have none. */
  readonly sd: number;
  readonly sign: 1 | -1;
}

/** A line of the ground truth: `from` and `to` are the timestamps (ms UTC) of the first and last affected reading. */
export interface FaultRecord {
  readonly sensor: string;
  readonly metric: string;
  readonly fault: FaultKind;
  readonly from: number;
  readonly to: number;
  readonly sd: number;
}

/** No fault begins earlier: detectors need a past. */
const FIRST_READING = 200;

/**
 * The faults of one sensor in order, without end: the first begins at reading 200 to 400 and each of the others 200 to 400
 * readings after the one before began (so at least 120 after it ended). Without enabled kinds there are none.
 */
export function* faultPlan(
  enabled: readonly FaultKind[],
  seed: number,
  sensor: number,
): Generator<Fault, void, void> {
  if (enabled.length === 0) return;
  const source = random(seed, 'faults', sensor);
  for (let from = FIRST_READING + source.integer(0, 200); ; from += source.integer(200, 400))
    yield draw(source.pick(enabled), from, source);
}

function draw(kind: FaultKind, from: number, source: Random): Fault {
  const sign = source.next() < 0.5 ? -1 : 1;
  const lasting = (shortest: number, longest: number): number => from + source.integer(shortest, longest) - 1;
  switch (kind) {
    case 'spike':
      return { kind, from, to: from, sd: source.between(4, 10), sign };
    case 'stuck':
      return { kind, from, to: lasting(30, 60), sd: 0, sign };
    case 'drift':
      return { kind, from, to: lasting(40, 80), sd: source.between(8, 12), sign };
    case 'dropout':
      return { kind, from, to: lasting(20, 60), sd: 0, sign };
    case 'noise':
      return { kind, from, to: lasting(40, 80), sd: source.between(4, 6), sign };
  }
}

/** What `fault` adds to the value of reading `index`, in noise standard deviations. */
export function offset(fault: Fault, index: number): number {
  switch (fault.kind) {
    case 'spike':
      return fault.sign * fault.sd;
    case 'drift': {
      const length = fault.to - fault.from + 1;
      const peak = Math.round(length * 0.8);
      const step = index - fault.from + 1;
      const share = step <= peak ? step / peak : (length + 1 - step) / (length + 1 - peak);
      return fault.sign * fault.sd * share;
    }
    default:
      return 0;
  }
}
