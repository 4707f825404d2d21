/**
 * What is known of when the readings of a series come, to tell when it is silent. Stored with the series and not part of its
 * state, because it depends on when readings were committed and not only on which they are.
 */
export interface Watch {
  /** The usual interval, ms; null while there is none. */
  readonly interval: number | null;
  /** When the newest reading was committed, ms. */
  readonly heard: number;
  /** How late readings come, lately, ms; null until one has come in time: recordings are not watched. */
  readonly lag: number | null;
  /** The `missing` alert while the series is stale: its time, the last value, and the time without a reading that was too long, ms. */
  readonly missing: { readonly ts: number; readonly value: number; readonly limit: number } | null;
}
