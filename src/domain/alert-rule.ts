/** What raises alerts on one series, after all entries of ALERT_RULES that match it. Limits in the units of its metric. */
export interface SeriesRules {
  /** Whether the adaptive detector raises alerts; it scores in either case. */
  readonly anomaly: boolean;
  /** Values below it are an alert. */
  readonly min: number | null;
  /** Values above it are an alert. */
  readonly max: number | null;
  /** A change by more than `change` within `per` ms is an alert. */
  readonly rate: { readonly change: number; readonly per: number } | null;
  /** How far back inside its limit a value has to be before the alert of `min`, `max` or `rate` is cleared. */
  readonly hysteresis: number;
}

export const DEFAULT_RULES: SeriesRules = {
  anomaly: true,
  min: null,
  max: null,
  rate: null,
  hysteresis: 0,
};
