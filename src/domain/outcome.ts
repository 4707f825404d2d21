import type { Reading } from './reading.ts';
import type { Verdict } from './verdict.ts';

/** What the static rule says of one reading: |actual - expected| against the model's threshold, in series units. */
export interface StaticVerdict {
  readonly expected: number;
  readonly error: number;
  readonly threshold: number;
  readonly anomaly: boolean;
}

/** How one reading ended. `index` in a submitted list is the position of its outcome. */
export type Outcome =
  | {
      readonly status: 'committed';
      readonly reading: Reading;
      /** null for a reading beyond the horizon: stored, not scored. */
      readonly verdict: Verdict | null;
      /** null while there are fewer than W values before the reading. */
      readonly static: StaticVerdict | null;
      /** The values before the reading that the forecast saw, oldest first; fewer than `needed` at the start. */
      readonly window: readonly number[];
      /** W of the model. */
      readonly needed: number;
    }
  | { readonly status: 'duplicate'; readonly reading: Reading }
  | { readonly status: 'rejected'; readonly field: string; readonly reason: string; readonly detail: string }
  /** Arrival times ran ahead of the clock: too many readings without `ts` for one series. */
  | { readonly status: 'busy'; readonly detail: string };
