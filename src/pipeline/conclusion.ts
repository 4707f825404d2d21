/** What follows from the answer of the store to the commit of one series: outcomes, counts, what is remembered, another try. */
import type { Logger } from 'pino';
import type { Alert } from '../domain/alert.ts';
import type { SeriesId } from '../domain/series.ts';
import { StoreUnavailable, VigiaError } from '../errors.ts';
import type { EntryCache } from '../planning/entry-cache.ts';
import type { Planned } from '../planning/plan.ts';
import type { ReplicaGroup } from '../replicas/replica-group.ts';
import type { CommitResult } from '../store/store.ts';
import type { Accounting } from './accounting.ts';
import type { ClockWait } from './clock-wait.ts';
import type { Endings } from './endings.ts';
import type { ParkedReadings } from './parked-readings.ts';
import type { PartialOutage } from './partial-outage.ts';
import type { Group } from './reading-queue.ts';
import type { RefusedSeries } from './refused-series.ts';
import { origins, type PendingReading } from './ticket.ts';
import type { Applied, Unanswered } from './unanswered.ts';

/** Until readings whose part of the store is away are tried again, ms. */
const PART_PAUSE = 1000;
/** Between two lines about rollups, ms. */
const LOG_EVERY_MS = 60_000;

export interface ConclusionOptions {
  readonly cache: EntryCache;
  readonly accounting: Accounting;
  readonly endings: Endings;
  readonly parked: ParkedReadings;
  readonly clockWait: ClockWait;
  /** How many readings of one series, and of all such series, wait while they cannot be written; the others become dead letters. */
  readonly maxSeriesWaiting: number;
  readonly maxUnwritable: number;
  /** Puts readings back into the queue. */
  readonly enqueue: (pendings: readonly PendingReading[]) => void;
  readonly refused: RefusedSeries;
  readonly partial: PartialOutage;
  readonly unanswered: Unanswered;
  readonly replicas: ReplicaGroup<PendingReading> | null;
  /** Called after each applied commit. */
  readonly committed: (series: SeriesId, planned: Planned, alerts: readonly Alert[]) => void;
  readonly logger: Logger;
  readonly now: () => number;
}

export class Conclusion {
  private toldRestored = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: ConclusionOptions) {}

  /** @returns the group where it is to be tried again at once, after a version conflict */
  conclude(group: Group, planned: Planned, result: CommitResult): Group[] {
    const { accounting, cache, refused, partial, unanswered } = this.options;
    if (result.status === 'failed') {
      if (result.error instanceof StoreUnavailable) unanswered.note(group, planned);
      this.setAside(group, result.error);
      return [];
    }
    if (result.status === 'conflict') {
      accounting.commits.retried();
      cache.superseded(group.key, result.current);
      return [group];
    }
    refused.committed();
    partial.committed(group.key);
    cache.committed(group.key, result.version === '' ? null : result.version, planned);
    if (result.restoredRollups) this.tellRestored(group.key, result.restoredRollups);
    const earlier = unanswered.settle(group.key, planned);
    for (const one of earlier) this.countEarlier(group, one);
    this.count(group, planned, result.alerts);
    this.resolve(group, planned, earlier);
    this.options.committed(group.series, planned, result.alerts);
    return [];
  }

  private tellRestored(series: string, rollups: number): void {
    const { accounting, logger } = this.options;
    accounting.commits.rollupsRestored(rollups);
    const now = performance.now();
    if (now - this.toldRestored < LOG_EVERY_MS) return;
    this.toldRestored = now;
    logger.warn(
      { series, rollups },
      'RedisTimeSeries no longer made the rollups of a series (was its slot moved?): it does again, and those missed were computed from readings',
    );
  }

  /** A commit was applied whose answer was lost. */
  private countEarlier(group: Group, { planned }: Applied): void {
    this.count(group, planned, planned.commit.alerts);
    this.options.committed(group.series, planned, []);
  }

  private count({ pendings }: Group, planned: Planned, alerts: readonly Pick<Alert, 'state'>[]): void {
    const { accounting, replicas, now } = this.options;
    const { commits } = accounting;
    commits.applied(planned.entry.state.lastTs, now());
    commits.lateReadings(planned.lateScored, planned.lateUnscored);
    replicas?.committed(pendings.length, planned.lateScored);
    if (planned.shadow) commits.compared(planned.shadow.model, planned.shadow.gain);
    commits.conflicting(planned.conflicts);
    for (const { state } of alerts) commits.alertChanged(state);
  }

  private resolve(group: Group, { outcomes }: Planned, earlier: readonly Applied[]): void {
    const { endings, clockWait } = this.options;
    const busy: PendingReading[] = [];
    for (const [i, planned] of outcomes.entries()) {
      const pending = group.pendings[i]!;
      const before = planned.status === 'duplicate' && earlier.find(({ outcomes }) => outcomes.has(pending));
      const outcome = before ? before.outcomes.get(pending)! : planned;
      if (outcome.status === 'busy' && pending.ticket.message) busy.push(pending);
      else endings.resolve(pending, outcome);
    }
    if (busy.length === 0) return;
    group.pendings = group.pendings.filter((pending) => !busy.includes(pending));
    clockWait.wait(group, busy);
  }

  /** The part of the store with the series is away. */
  private waitForPart(group: Group, error: StoreUnavailable): void {
    const { cache, endings, parked, partial } = this.options;
    const { pendings } = group;
    group.pendings = [];
    cache.outdate(group.key);
    partial.refused(group.key, error);
    endings.failRequests(error, pendings);
    parked.park(
      group.key,
      pendings.filter(({ ticket }) => !ticket.failed),
      'store-part',
      PART_PAUSE,
    );
  }

  /**
   * The series cannot be written now: its requests fail, its messages wait apart from the others. What waits takes the place of
   * other readings, so not all may wait: the rest is kept as dead letters.
   */
  setAside(group: Group, error: unknown): void {
    if (error instanceof StoreUnavailable && error.partial) {
      this.waitForPart(group, error);
      return;
    }
    const { cache, endings, parked, refused, logger, maxSeriesWaiting, maxUnwritable } = this.options;
    const { pendings } = group;
    // Whatever happens to the rest of the batch, these readings must not be tried with it again.
    group.pendings = [];
    cache.forget(group.key);
    logger.error(
      { series: group.key, err: error, from: origins(pendings) },
      'series cannot be written; its readings wait',
    );
    const message = error instanceof VigiaError ? error.message : `${group.key} cannot be written`;
    refused.refused(group.key, message);
    endings.failRequests(new StoreUnavailable(message, { cause: error }), pendings);
    const left = pendings.filter(({ ticket }) => !ticket.failed);
    const room = Math.min(maxSeriesWaiting - parked.of(group.key), maxUnwritable - parked.waiting.series);
    const waiting = left.slice(0, Math.max(0, room));
    const others = left.slice(waiting.length);
    parked.park(group.key, waiting, 'series');
    for (const pending of others) {
      pending.problem = { field: 'sensor', reason: 'series-unwritable', detail: message };
    }
    if (others.length > 0) this.options.enqueue(others);
  }
}
