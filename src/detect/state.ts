/**
 * The state of a series: all that the fold over its readings carries from one reading to the next. It is stored beside
 * the samples as bytes, at most 2 KB (twice that with a shadow model), with a format number, and is equal on every replica that folded the same readings.
 */
import { VigiaError } from '../errors.ts';
import { type AdaptiveState, createAdaptive } from './adaptive.ts';
import { cloneShadow, type Shadow } from './shadow.ts';

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
  /** The newest values, oldest first: as many as the model's (or its shadow's) window, fewer at the start. */
  values: Float64Array;
  /** Id of the model whose errors the detector has learned, '' before the first reading. */
  model: string;
  warmup: boolean;
  open: Opening | null;
  adaptive: AdaptiveState;
  /** The model that scores beside the active one, null where none does. */
  shadow: Shadow | null;
}

/** Of a state without a shadow, and with one. */
export const STATE_FORMAT = 1;
const SHADOW_FORMAT = 2;
const HEADER = 10;
const SHADOW_HEADER = 7;

export function emptyState(): SeriesState {
  return {
    count: 0,
    lastTs: -1,
    values: new Float64Array(0),
    model: '',
    warmup: true,
    open: null,
    adaptive: createAdaptive(),
    shadow: null,
  };
}

/** A copy that can be advanced without touching the original. */
export function cloneState(state: SeriesState): SeriesState {
  return { ...state, adaptive: state.adaptive.slice(), shadow: state.shadow && cloneShadow(state.shadow) };
}

const orNaN = (n: number | null | undefined): number => n ?? Number.NaN;
const orNull = (n: number): number | null => (Number.isNaN(n) ? null : n);

/** Little-endian doubles (header, values, detector, and the same of the shadow), then the model ids in UTF-8, a line each. */
export function encodeState(state: SeriesState): Uint8Array {
  const { values, adaptive, open, shadow } = state;
  const own = HEADER + values.length + adaptive.length;
  const doubles = new Float64Array(own + (shadow ? SHADOW_HEADER + shadow.adaptive.length : 0));
  doubles.set([
    shadow ? SHADOW_FORMAT : STATE_FORMAT,
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
  if (shadow) {
    const { since, readings, activeError, shadowError, activeAlerts, shadowAlerts } = shadow.comparison;
    const warmup = shadow.warmup ? 1 : 0;
    doubles.set([warmup, since, readings, activeError, shadowError, activeAlerts, shadowAlerts], own);
    doubles.set(shadow.adaptive, own + SHADOW_HEADER);
  }
  const models = Buffer.from(shadow ? `${state.model}\n${shadow.model}` : state.model, 'utf8');
  const bytes = new Uint8Array(doubles.byteLength + models.length);
  bytes.set(new Uint8Array(doubles.buffer));
  bytes.set(models, doubles.byteLength);
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
  const own = HEADER + (valueCount ?? 0) + (adaptiveCount ?? 0);
  const length = format === SHADOW_FORMAT ? own + SHADOW_HEADER + (adaptiveCount ?? 0) : own;
  if (
    (format !== STATE_FORMAT && format !== SHADOW_FORMAT) ||
    !(length <= doubles.length) ||
    adaptiveCount !== createAdaptive().length
  ) {
    throw new VigiaError(
      'state_format',
      `series state of format ${format} where ${SHADOW_FORMAT} is understood`,
      {
        field: 'state',
      },
    );
  }
  const [model, shadowModel] = Buffer.from(aligned.buffer, length * 8)
    .toString('utf8')
    .split('\n') as [string, string];
  return {
    count: count!,
    lastTs: lastTs!,
    warmup: warmup === 1,
    values: doubles.slice(HEADER, HEADER + valueCount!),
    adaptive: doubles.slice(HEADER + valueCount!, own),
    open: Number.isNaN(ts!)
      ? null
      : { ts: ts!, value: value!, expected: orNull(expected!), score: orNull(score!) },
    model,
    shadow: format === SHADOW_FORMAT ? decodeShadow(shadowModel, doubles.subarray(own, length)) : null,
  };
}

function decodeShadow(model: string, doubles: Float64Array): Shadow {
  const [warmup, since, readings, activeError, shadowError, activeAlerts, shadowAlerts] = doubles;
  return {
    model,
    warmup: warmup === 1,
    adaptive: doubles.slice(SHADOW_HEADER),
    comparison: {
      since: since!,
      readings: readings!,
      activeError: activeError!,
      shadowError: shadowError!,
      activeAlerts: activeAlerts!,
      shadowAlerts: shadowAlerts!,
    },
  };
}
