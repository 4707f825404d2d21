/**
 * The state of a series: all that the fold over its readings carries from one reading to the next. It is stored beside
 * the samples as bytes, at most 2 KB, with a format number, and is equal on every replica that folded the same readings.
 */
import { VigiaError } from '../errors.ts';
import { type AdaptiveState, createAdaptive } from './adaptive.ts';

/** The reading that raised the alert which is still open. */
export interface Opening {
  readonly ts: number;
  readonly value: number;
  readonly expected: number | null;
  readonly score: number | null;
}

export interface SeriesState {
  /** Readings folded so far. */
  count: number;
  /** Timestamp of the newest, -1 before the first. */
  lastTs: number;
  /** The newest values, oldest first: as many as the model's window, fewer at the start. */
  values: Float64Array;
  /** Id of the model whose errors the detector has learned, '' before the first reading. */
  model: string;
  warmup: boolean;
  open: Opening | null;
  adaptive: AdaptiveState;
}

export const STATE_FORMAT = 1;
const HEADER = 10;

export function emptyState(): SeriesState {
  return {
    count: 0,
    lastTs: -1,
    values: new Float64Array(0),
    model: '',
    warmup: true,
    open: null,
    adaptive: createAdaptive(),
  };
}

/** A copy that can be advanced without touching the original. */
export function cloneState(state: SeriesState): SeriesState {
  return { ...state, adaptive: state.adaptive.slice() };
}

const orNaN = (n: number | null | undefined): number => n ?? Number.NaN;
const orNull = (n: number): number | null => (Number.isNaN(n) ? null : n);

/** Little-endian doubles (header, values, detector), then the model id in UTF-8. */
export function encodeState(state: SeriesState): Uint8Array {
  const { values, adaptive, open } = state;
  const doubles = new Float64Array(HEADER + values.length + adaptive.length);
  doubles.set([
    STATE_FORMAT,
    state.count,
    state.lastTs,
    state.warmup ? 1 : 0,
    values.length,
    adaptive.length,
    orNaN(open?.ts),
    orNaN(open?.value),
    orNaN(open?.expected),
    orNaN(open?.score),
  ]);
  doubles.set(values, HEADER);
  doubles.set(adaptive, HEADER + values.length);
  const model = Buffer.from(state.model, 'utf8');
  const bytes = new Uint8Array(doubles.byteLength + model.length);
  bytes.set(new Uint8Array(doubles.buffer));
  bytes.set(model, doubles.byteLength);
  return bytes;
}

/**
 * Reads what `encodeState` wrote.
 * @throws VigiaError `state_format` when the bytes are of another format (written by another version) or damaged
 */
export function decodeState(bytes: Uint8Array): SeriesState {
  const aligned = bytes.slice();
  const doubles = new Float64Array(aligned.buffer, 0, Math.floor(aligned.byteLength / 8));
  const [format, count, lastTs, warmup, valueCount, adaptiveCount, ts, value, expected, score] = doubles;
  const length = HEADER + (valueCount ?? 0) + (adaptiveCount ?? 0);
  if (format !== STATE_FORMAT || !(length <= doubles.length) || adaptiveCount !== createAdaptive().length) {
    throw new VigiaError(
      'state_format',
      `series state of format ${format} where ${STATE_FORMAT} is understood`,
      {
        field: 'state',
      },
    );
  }
  return {
    count: count!,
    lastTs: lastTs!,
    warmup: warmup === 1,
    values: doubles.slice(HEADER, HEADER + valueCount!),
    adaptive: doubles.slice(HEADER + valueCount!, length),
    open: Number.isNaN(ts!)
      ? null
      : { ts: ts!, value: value!, expected: orNull(expected!), score: orNull(score!) },
    model: Buffer.from(aligned.buffer, length * 8).toString('utf8'),
  };
}
