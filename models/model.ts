/**
 * The one interface between a forecaster and those who use it. A model owns its normalisation: callers speak in the
 * units of the series. Everything it answers depends on the window alone, never on what else is in the batch, so that
 * every replica gets the same number.
 */
export interface Model {
  /** `<name>-<first 12 hex digits of the artifact's SHA-256>`: equal ids forecast equally. */
  readonly id: string;
  /** W: how many values a forecast needs. */
  readonly window: number;
  /** Which implementation computes it, for the start-up line and `/metrics`. */
  readonly backend: string;
  /** Multiplications of one forecast: what a caller divides its batches by. */
  readonly cost: number;

  /**
   * Forecasts the next value of `n` windows.
   * @param windows n x W values, row-major, oldest first, in the units of the series; finite
   * @param out at least n numbers; receives the forecasts in the units of the series
   */
  forecast(windows: Float64Array, n: number, out: Float64Array): void;

  /**
   * The static rule's boundary for one window: |actual - forecast| above it is an anomaly.
   * @param windows as in `forecast`; `row` is the window's number in it
   * @returns a positive number in the units of the series
   */
  threshold(windows: Float64Array, row: number): number;
}
