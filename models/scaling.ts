/**
 * How a model maps the units of a series to the numbers its network works on, and back. Two kinds:
 *
 * - `window`: every window is measured by itself, centre = its mean, scale = its standard deviation. Such a model fits
 *   any sensor: shifting or stretching a series shifts and stretches its forecasts alike. The default model is one.
 * - `affine`: one centre and scale for the whole series, (x - centre) / scale: min-max and standard scalers, as models
 *   made for one series (or imported from Keras) have them.
 *
 * All of it runs in double precision and is total: no finite window gives NaN or infinity, not even at 1e308.
 */
export type Scaling =
  | { readonly kind: 'window' }
  | { readonly kind: 'affine'; readonly centre: number; readonly scale: number };

/** What a window's numbers are measured by: scaled = (x - centre) / scale, scale > 0. */
export interface Frame {
  centre: number;
  scale: number;
}

/** In training: beyond it the network is saturated anyway, and errors must not overflow single precision. */
const SCALED_LIMIT = 1e6;
/** Where single precision ends. */
const SINGLE_LIMIT = 3.4028234663852886e38;

/** A constant window has no spread; this share of its level stands for it, so that 0 / 0 cannot happen. */
const RELATIVE_SPREAD = 1e-9;
const LEAST_SCALE = 1e-290;

/** The frame of the window at `values[from] … values[from + window - 1]`, written to `frame`. */
export function frameWindow(
  scaling: Scaling,
  values: Float64Array,
  from: number,
  window: number,
  frame: Frame,
): void {
  if (scaling.kind === 'affine') {
    frame.centre = scaling.centre;
    frame.scale = scaling.scale;
    return;
  }
  let centre = 0;
  for (let i = from; i < from + window; i++) centre += values[i]! / window;
  // In halves, and relative to the widest deviation, so that neither differences nor squares overflow or vanish.
  let widest = 0;
  for (let i = from; i < from + window; i++) widest = Math.max(widest, Math.abs(values[i]! / 2 - centre / 2));
  let squares = 0;
  if (widest > 0)
    for (let i = from; i < from + window; i++) squares += ((values[i]! / 2 - centre / 2) / widest) ** 2;
  const deviation = Math.min(2 * (widest * Math.sqrt(squares / window)), Number.MAX_VALUE);
  frame.centre = centre;
  frame.scale = Math.max(deviation, Math.abs(centre) * RELATIVE_SPREAD, LEAST_SCALE);
}

/**
 * How far the input of a network at work may be from 0. One of another's making may want raw values, of any size; a window's
 * are beyond a few only where doubles end.
 */
export function inputLimit({ kind }: Scaling): number {
  return kind === 'affine' ? SINGLE_LIMIT : SCALED_LIMIT;
}

export function toScaled(value: number, frame: Frame, limit = SCALED_LIMIT): number {
  return Math.min(Math.max((value - frame.centre) / frame.scale, -limit), limit);
}

/** @returns a finite number: what leaves the range of doubles stops at its end */
export function fromScaled(scaled: number, frame: Frame): number {
  const value = frame.centre + scaled * frame.scale;
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
}
