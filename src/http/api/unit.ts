/** Unit per metric, for display. */
export type Units = Readonly<Record<string, string>>;

/** The unit of a metric, null where none is set. `units` may be asked for any name, also `constructor`. */
export function unitOf(units: Units, metric: string): string | null {
  return Object.hasOwn(units, metric) ? (units[metric] ?? null) : null;
}
