/**
 * One simulated sensor: the daily waveform with faults, reading after reading. A pure function of (seed, number of the
 * sensor, faults, start, interval); a sensor with faults gives, outside of them, exactly the readings of the same
 * sensor without.
 */
import { type Fault, type FaultKind, faultPlan, offset } from './faults.ts';
import { waveform } from './waveform.ts';

export interface SimulatedSensorOptions {
  readonly seed: number;
  /** From 0. */
  readonly sensor: number;
  readonly faults: readonly FaultKind[];
  /** ms UTC of the first reading. */
  readonly start: number;
  readonly intervalMs: number;
}

export interface SimulatedReading {
  /** start + number of the reading x interval, ms UTC. */
  readonly ts: number;
  /** Rounded to 2 decimals, as a sensor with a resolution of 0.01 would; null where the reading drops out. */
  readonly value: number | null;
  /** Given with the first reading of a fault. */
  readonly begins?: Fault;
}

/** The readings without end. */
export function* simulatedSensor({
  seed,
  sensor,
  faults,
  start,
  intervalMs,
}: SimulatedSensorOptions): Generator<SimulatedReading, never, void> {
  const wave = waveform('daily', seed, sensor);
  const plan = faultPlan(faults, seed, sensor);
  let fault = plan.next().value ?? null;
  let last = 0;
  for (let index = 0; ; index++) {
    const ts = start + index * intervalMs;
    if (fault !== null && index > fault.to) fault = plan.next().value ?? null;
    const active = fault !== null && index >= fault.from ? fault : null;
    const clean = wave.next(ts, active?.kind === 'noise' ? active.sd : 1);
    let value: number | null;
    if (active?.kind === 'dropout') value = null;
    else if (active?.kind === 'stuck') value = last;
    else value = round(active === null ? clean : clean + offset(active, index) * wave.noiseSd);
    if (value !== null) last = value;
    yield active?.from === index ? { ts, value, begins: active } : { ts, value };
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
