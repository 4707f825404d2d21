/**
 * The signals of simulated sensors. `daily` is what the simulator publishes: a room temperature around 71. The others
 * exist so that a forecaster can be trained on signals of every shape and scale; nobody's sensor looks like `daily`
 * only.
 *
 * A waveform is a pure function of (kind, seed, sensor) and of the timestamps it is asked for, in order, and keeps a
 * few numbers whatever the length. The cycle of `daily` hangs on the absolute time, so a demo that is restarted goes on
 * where the day is; its noise, and everything in the other kinds, hangs on the number of the reading.
 */
import { type Random, random } from './random.ts';

export const waveformKinds = ['daily', 'walk', 'steps', 'sine-mix', 'pulse'] as const;
export type WaveformKind = (typeof waveformKinds)[number];

export interface Waveform {
  /** Standard deviation, in the waveform's units, of the noise added to every reading; > 0. */
  readonly noiseSd: number;
  /**
   * The next reading's value, finite, not rounded.
   * @param ts ms UTC of the reading; only `daily` looks at it
   * @param noiseFactor multiplies this reading's noise. Every call draws the same amount of randomness, so a factor (or
   *   throwing the value away) changes no later reading.
   */
  next(ts: number, noiseFactor?: number): number;
}

/**
 * @param seed any integer
 * @param sensor number of the sensor, from 0: its level, amplitude, phase and noise are its own
 */
export function waveform(kind: WaveformKind, seed: number, sensor: number): Waveform {
  const parameters = random(seed, kind, sensor, 'parameters');
  const noise = random(seed, kind, sensor, 'noise');
  const { noiseSd, signal } = signals[kind](parameters, random(seed, kind, sensor, 'signal'));
  return {
    noiseSd,
    next(ts, noiseFactor = 1) {
      return signal(ts) + noise.gaussian() * noiseSd * noiseFactor;
    },
  };
}

/** The predictable part of a waveform, called once per reading, and the sd of the noise that belongs on it. */
interface Signal {
  readonly noiseSd: number;
  readonly signal: (ts: number) => number;
}

const DAY_MS = 86_400_000;

const signals: Record<WaveformKind, (parameters: Random, events: Random) => Signal> = {
  daily,
  walk,
  steps,
  'sine-mix': sineMix,
  pulse,
};

/**
 * Around 71 (the seed's data: mean 71.2): level 71 +- 1, amplitude 2 to 4, an afternoon peak that is up to 3 h earlier or
 * later per sensor and a weak second harmonic. Noise sd 0.4 to 0.6.
 */
function daily(parameters: Random): Signal {
  const level = 71 + parameters.between(-1, 1);
  const amplitude = parameters.between(2, 4);
  const peak = (15 + parameters.between(-3, 3)) / 24;
  const second = amplitude * parameters.between(0, 0.2);
  const noiseSd = parameters.between(0.4, 0.6);
  return {
    noiseSd,
    signal(ts) {
      const angle = 2 * Math.PI * ((ts % DAY_MS) / DAY_MS - peak);
      return level + amplitude * Math.cos(angle) + second * Math.cos(2 * angle);
    },
  };
}

/**
 * AR(1), from nearly white (coefficient 0.5) to a plain random walk (1), seen through noise of 0.05 to 1 times its
 * innovations.
 */
function walk(parameters: Random, events: Random): Signal {
  const { scale, level } = world(parameters);
  const coefficient = parameters.pick([0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1]);
  const noiseSd = scale * parameters.between(0.05, 1);
  let deviation = 0;
  return {
    noiseSd,
    signal() {
      deviation = coefficient * deviation + scale * events.gaussian();
      return level + deviation;
    },
  };
}

/** Set points: a level held for a random time (mean 20 to 300 readings), then another. Noise 0.02 to 0.5 of a step. */
function steps(parameters: Random, events: Random): Signal {
  const { scale, level } = world(parameters);
  const change = 1 / logUniform(parameters, 20, 300);
  const noiseSd = scale * logUniform(parameters, 0.02, 0.5);
  let current = level + scale * events.gaussian();
  return {
    noiseSd,
    signal() {
      if (events.next() < change) current = level + scale * events.gaussian();
      return current;
    },
  };
}

/** One to four sines, periods 8 to 2,000 readings, amplitudes 0.2 to 1 of the scale; noise 0.02 to 0.5 of it. */
function sineMix(parameters: Random): Signal {
  const { scale, level } = world(parameters);
  const sines = Array.from({ length: parameters.integer(1, 4) }, () => ({
    amplitude: scale * parameters.between(0.2, 1),
    speed: (2 * Math.PI) / logUniform(parameters, 8, 2000),
    phase: parameters.between(0, 2 * Math.PI),
  }));
  const noiseSd = scale * logUniform(parameters, 0.02, 0.5);
  let index = 0;
  return {
    noiseSd,
    signal() {
      let value = level;
      for (const { amplitude, speed, phase } of sines) value += amplitude * Math.sin(speed * index + phase);
      index++;
      return value;
    },
  };
}

/**
 * A load: a floor with bursts on it. Bursts start at random (every 20 to 200 readings on average), rise at once by 0.3 to
 * about 3 scales and decay with a per-sensor half-life of 1 to 30 readings. Noise 0.02 to 0.3 of the scale.
 */
function pulse(parameters: Random, events: Random): Signal {
  const { scale, level } = world(parameters);
  const start = 1 / logUniform(parameters, 20, 200);
  const keep = 0.5 ** (1 / logUniform(parameters, 1, 30));
  const noiseSd = scale * logUniform(parameters, 0.02, 0.3);
  let load = 0;
  return {
    noiseSd,
    signal() {
      load *= keep;
      if (events.next() < start) load += scale * logUniform(events, 0.3, 3);
      return level + load;
    },
  };
}

/** Units nobody knows beforehand: a scale from 0.001 to 10,000, and a level up to some tens of scales away from 0. */
function world(parameters: Random): { scale: number; level: number } {
  const scale = logUniform(parameters, 1e-3, 1e4);
  return { scale, level: scale * 10 * parameters.gaussian() };
}

function logUniform(source: Random, low: number, high: number): number {
  return low * Math.exp(source.next() * Math.log(high / low));
}
