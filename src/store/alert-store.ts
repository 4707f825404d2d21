/**
 * What a store keeps of alerts: the alerts themselves, the stream of their changes with a cursor for each target, and the changes
 * that could not be sent. Part of the interface `Store` (store.ts), whose rules hold here too.
 */
import type { Acknowledgement, Alert, AlertState } from '../domain/alert.ts';
import type { SeriesId } from '../domain/series.ts';

export interface AlertQuery {
  readonly sensor?: string;
  readonly metric?: string;
  readonly state?: AlertState;
  readonly rule?: string;
  /** Only alerts raised at or after this time, ms. */
  readonly from?: number;
  /** Only alerts raised at or before this time, ms. */
  readonly to?: number;
  readonly limit: number;
}

export interface AlertStore {
  /** Newest first. Retracted ones only when asked for by `state`. */
  list(query: AlertQuery): Promise<Alert[]>;
  /** The unretracted alerts of one series raised after `ts` or open at it, ascending by ts. */
  since(series: SeriesId, ts: number): Promise<Alert[]>;
  /** Marks an alert as seen by a person; null where there is none of this id. @param who the first one stays */
  acknowledge(id: string, who?: Acknowledgement): Promise<Alert | null>;
}

/** One entry of the stream of alert changes. */
export interface StreamedAlert {
  /** Names the place in the stream; opaque. */
  readonly position: string;
  /** When the store learnt of it, ms. */
  readonly at: number;
  readonly alert: Alert;
  /** Whether this revision says anything that the revision before did not say, see `toldBy`. */
  readonly news: boolean;
  /** What the newest revision of the alert says (`toldBy`); empty where that is not known. */
  readonly latest: string;
  /** What the target was last told of the alert (`toldBy`), empty where its opening was not sent; null where nothing is known. */
  readonly told: string | null;
}

/** The changes that were not sent to a target yet. */
export interface Backlog {
  /** The oldest changes in the order of the stream; null while another process sends to this target. */
  readonly entries: readonly StreamedAlert[] | null;
  /** How many changes wait. */
  readonly pending: number;
  /** When the store learnt of the oldest of them, ms; null where none waits. */
  readonly oldest: number | null;
  /** Changes that RETENTION has dropped before they were sent; each is reported once. */
  readonly lost: number;
  /** When this was read on the store's clock, which `at` is of, ms. */
  readonly now: number;
  /** How many kept changes are due, see `KeptAlertStore`. */
  readonly due: number;
  /** How many changes are kept. */
  readonly kept: number;
}

/**
 * The stream of all alert changes, with a cursor per target. One process at a time sends to a target: that process holds a lease,
 * which ends `leaseMs` after the process last asked for entries or confirmed any.
 */
export interface AlertStreamStore {
  /** Adds a target. It is sent what changes from now on. Idempotent. */
  addTarget(target: string): Promise<void>;
  /** Takes or renews the lease, if nobody else has it. @param limit most entries; with 0 it only asks how many wait */
  backlog(target: string, holder: string, leaseMs: number, limit: number): Promise<Backlog>;
  /**
   * Moves the cursor behind `position`. Renews the lease.
   * @param told what the target was told of alerts (see `StreamedAlert`), by id
   * @returns false if another process has the lease by now; nothing has changed then
   */
  confirm(
    target: string,
    holder: string,
    leaseMs: number,
    position: string,
    told?: ReadonlyMap<string, string>,
  ): Promise<boolean>;
  /** What a target was last told of these alerts, in their order, see `StreamedAlert`. */
  told(target: string, ids: readonly string[]): Promise<(string | null)[]>;
  /** Gives up the lease, so that another process may send at once. */
  release(target: string, holder: string): Promise<void>;
}

/** A change that could not be sent, or that is to be sent outside the order of the stream. */
export interface KeptAlert {
  readonly alert: Alert;
  /** When the store learnt of the change, ms. */
  readonly at: number;
  readonly reason: string;
  /** When it was given up, ms. */
  readonly keptAt: number;
  /** The series of the alert is gone, so that there will be no other change. */
  readonly final?: true;
}

/** What a target is told of an open alert whose series is removed. @param now ms UTC */
export function endOf(alert: Alert, now: number): KeptAlert {
  const clearedTs = Math.max(now, alert.ts + 1);
  return {
    alert: { ...alert, state: 'cleared', clearedTs, revision: alert.revision + 1 },
    at: now,
    reason: 'the series was deleted',
    keptAt: now,
    final: true,
  };
}

/** Names one kept change of a target. */
export function keptKey({ alert: { id, revision } }: KeptAlert): string {
  return `${id}/${revision}`;
}

/**
 * Changes that targets have refused for good. They stay until they are removed, or until they are sent after all: changes that are
 * due are sent before all others.
 */
export interface KeptAlertStore {
  /** Keeps at most 1,000 for a target, the oldest go first. @returns how many were dropped for that */
  keep(target: string, change: KeptAlert): Promise<number>;
  /** Newest first. */
  list(target: string): Promise<KeptAlert[]>;
  count(target: string): Promise<number>;
  /** Makes changes due. @param keys see `keptKey`; null: all @returns how many */
  sendAgain(target: string, keys: readonly string[] | null): Promise<number>;
  /** The oldest that are due. */
  due(target: string, limit: number): Promise<KeptAlert[]>;
  /** Removes changes, also those that are due. @param told what the target has been told of its alert by the change @returns how many there were */
  remove(target: string, keys: readonly string[], told?: ReadonlyMap<string, string>): Promise<number>;
}
