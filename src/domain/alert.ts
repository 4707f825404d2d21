import { type SeriesId, seriesKey } from './series.ts';
import type { Explanation } from './verdict.ts';

export type AlertState = 'open' | 'cleared' | 'retracted';

/**
 * What a fold says of one alert. It is a pure function of the readings, so it carries neither the revision nor whether
 * a person has acknowledged it: the store keeps those. `retracted` means that a late reading took its reason away.
 */
export interface AlertChange {
  readonly rule: string;
  /** Time of the reading that raised it. */
  readonly ts: number;
  readonly value: number;
  readonly expected: number | null;
  readonly score: number | null;
  /** The limit that was passed, in the units of the metric; null for `anomaly`. */
  readonly limit: number | null;
  readonly state: AlertState;
  /** Time of the reading that cleared it, null unless `cleared`. */
  readonly clearedTs: number | null;
  /** The model whose forecast it was judged by; absent where no model was asked. */
  readonly model?: string;
  /** A later reading that lies farther beyond than the one that raised it (detect/peak.ts); absent where there is none. */
  readonly peak?: Peak;
  /** Only the peak has changed: the change is stored, but it is no revision and nobody is told of it. */
  readonly quiet?: boolean;
  /** Of the reading that raised it; absent where the rule is not `anomaly`, and in alerts that an earlier release has raised. */
  readonly explanation?: Explanation;
}

export interface Peak {
  readonly value: number;
  /** ms UTC */
  readonly ts: number;
}

export interface Acknowledgement {
  /** Account; null where callers need none. */
  readonly by: string | null;
  /** ms UTC */
  readonly at: number;
}

export interface Alert extends Omit<AlertChange, 'quiet'>, SeriesId {
  readonly id: string;
  readonly acknowledged: boolean;
  /** Absent where nobody has, and where an earlier release has written it down. */
  readonly acknowledgement?: Acknowledgement;
  /** Counts the changes of this alert from 1; with the id it names one entry of the alert stream. */
  readonly revision: number;
}

/** `<sensor>/<metric>/<rule>/<ts>`, the names encoded as in keys. */
export function alertId(series: SeriesId, rule: string, ts: number): string {
  return `${seriesKey(series)}/${rule}/${ts}`;
}

/** What a receiver is told by a revision. A revision for which this is the same as before is not sent. */
export function toldBy({ state, acknowledged }: Pick<Alert, 'state' | 'acknowledged'>): string {
  return acknowledged ? `${state} acknowledged` : state;
}
