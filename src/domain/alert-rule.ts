/** How long without a reading is an alert: so many ms, or so many usual intervals; null: never. */
export type MissingRule = { readonly after: number } | { readonly factor: number } | null;

/** What raises alerts on one series. Limits in the units of its metric. */
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
  /** How long a value has to stay beyond `min`, `max` or `rate` before the alert is raised, ms. */
  readonly for: number;
  readonly missing: MissingRule;
}

/** An entry of ALERT_RULES: what it says of the series that it matches; what it does not name stays as it is. */
export interface AlertRule extends Partial<SeriesRules> {
  /** Whole names, `*` stands for any characters, `?` for one. */
  readonly sensor: string;
  readonly metric: string;
}

/** Without a setting, and what `vigia score` goes by. */
export const DEFAULT_RULES: SeriesRules = {
  anomaly: true,
  min: null,
  max: null,
  rate: null,
  hysteresis: 0,
  for: 0,
  missing: null,
};
