/**
 * Plans, scores and commits the series of a batch, and tries again until each series is stored or set aside. After a version
 * conflict a series is planned again from what another replica has stored.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { ForecastBatch } from '../detect/forecast-batch.ts';
import { StoreUnavailable, VigiaError } from '../errors.ts';
import type { EntryCache } from '../planning/entry-cache.ts';
import { type Planned, type PlanSources, planSeries, SeriesPlan } from '../planning/plan.ts';
import type { SeriesEntry } from '../planning/series-entry.ts';
import type { StateUpgrades } from '../planning/state-upgrades.ts';
import type { CommitResult } from '../store/store.ts';
import type { Accounting } from './accounting.ts';
import type { Conclusion } from './conclusion.ts';
import { type Endings, unfinished } from './endings.ts';
import type { Outage } from './outage.ts';
import type { Group } from './reading-queue.ts';
import type { SeriesLimit } from './series-limit.ts';
import type { SeriesPerBatch } from './series-per-batch.ts';
import type { Shutdown } from './shutdown.ts';
import type { PendingReading } from './ticket.ts';
import type { Unanswered } from './unanswered.ts';

export interface SeriesCommitsOptions {
  readonly sources: PlanSources;
  readonly cache: EntryCache;
  readonly upgrades: StateUpgrades;
  readonly accounting: Accounting;
  readonly endings: Endings;
  readonly outage: Outage;
  readonly conclusion: Conclusion;
  readonly seriesPerBatch: SeriesPerBatch;
  readonly seriesLimit: SeriesLimit;
  /** Puts readings back into the queue. */
  readonly enqueue: (pendings: readonly PendingReading[]) => void;
  /** Called when a batch goes to the store. */
  readonly handedToStore: () => void;
  readonly unanswered: Unanswered;
  readonly shutdown: Shutdown;
  readonly now: () => number;
}

interface Ready {
  readonly group: Group;
  readonly plan: SeriesPlan;
}

interface Finished {
  readonly group: Group;
  readonly planned: Planned;
}

/** How long scoring holds the event loop at a time, give or take one series, ms. */
const SLICE_MS = 1;

export class SeriesCommits {
  /** Batches that the store has at the moment. */
  private storing = 0;

  constructor(private readonly options: SeriesCommitsOptions) {}

  get atStore(): number {
    return this.storing;
  }

  /** Tries until every group is stored or set aside. @throws when the pipeline gives up */
  async commit(groups: readonly Group[]): Promise<void> {
    const { cache, conclusion, endings, outage, shutdown } = this.options;
    let work = groups;
    for (let attempt = 0; work.length > 0; ) {
      try {
        work = await this.attempt(work);
        // A try of all of them together takes so long that other replicas would be first again.
        if (work.length > 1) return await this.eachAlone(work);
      } catch (error) {
        if (shutdown.signal.aborted) throw error;
        // Whether it was applied is not known: what is remembered holds if the store has the same version.
        for (const { key } of work) cache.outdate(key);
        work = unfinished(work);
        if (error instanceof StoreUnavailable && error.partial) {
          for (const group of work) conclusion.setAside(group, error);
          return;
        }
        if (error instanceof StoreUnavailable) {
          endings.failRequests(
            error,
            work.flatMap(({ pendings }) => pendings),
          );
          await outage.backOff(attempt++, error);
          work = unfinished(work);
        } else if (work.length > 1) {
          // The one series that is at fault must not hold up the others.
          return await this.eachAlone(work);
        } else {
          for (const group of work) conclusion.setAside(group, error);
          return;
        }
      }
    }
  }

  /** Commits the series one after the other. Each is read from the store right before. */
  private async eachAlone(groups: readonly Group[]): Promise<void> {
    for (const group of groups) {
      this.options.cache.outdate(group.key);
      await this.commit([group]);
    }
  }

  /** Tries every group once. @returns the groups to try again at once, after a version conflict */
  private async attempt(work: readonly Group[]): Promise<Group[]> {
    const { upgrades, accounting, conclusion, seriesPerBatch } = this.options;
    const started = performance.now();
    const entries = await upgrades.entries(work);
    const batch = new ForecastBatch();
    const plans = await this.plan(work, entries, batch);
    const planned = performance.now();
    await batch.compute();
    const finished = await this.finish(plans);
    const scored = performance.now();
    const results = await this.store(finished);
    seriesPerBatch.adapt(results);
    accounting.batches.stage('plan', planned - started);
    accounting.batches.stage('score', scored - planned);
    accounting.batches.stage('commit', performance.now() - scored);
    return finished.flatMap(({ group, planned }, i) => conclusion.conclude(group, planned, results[i]!));
  }

  /** @returns those that there are or that may be begun; readings of the others are refused @throws StoreUnavailable */
  private async begin(
    work: readonly Group[],
    entries: ReadonlyMap<string, SeriesEntry | VigiaError>,
  ): Promise<readonly Group[]> {
    const { seriesLimit, enqueue } = this.options;
    const isNew = ({ key }: Group) => {
      const entry = entries.get(key);
      return entry !== undefined && !(entry instanceof VigiaError) && entry.version === null;
    };
    if (!work.some(isNew)) return work;
    await seriesLimit.look();
    return work.filter((group) => {
      const problem = isNew(group) ? seriesLimit.problem(group.key, group.pendings) : null;
      if (!problem) return true;
      const refused = group.pendings;
      group.pendings = [];
      for (const pending of refused) pending.problem = problem;
      enqueue(refused);
      return false;
    });
  }

  /** Plans every series and requests its forecasts. Sets aside what cannot be planned. @throws StoreUnavailable */
  private async plan(
    work: readonly Group[],
    entries: ReadonlyMap<string, SeriesEntry | VigiaError>,
    batch: ForecastBatch,
  ): Promise<Ready[]> {
    const { sources, conclusion, now } = this.options;
    const begun = await this.begin(work, entries);
    const plans: Ready[] = [];
    const waiting: { group: Group; plan: Promise<SeriesPlan> }[] = [];
    for (const group of begun) {
      try {
        const entry = entries.get(group.key)!;
        if (entry instanceof VigiaError) throw entry;
        const plan = planSeries(sources, group.series, group.pendings, entry, batch, now());
        if (plan instanceof SeriesPlan) plans.push({ group, plan });
        else waiting.push({ group, plan });
      } catch (error) {
        conclusion.setAside(group, error);
      }
    }
    // Side by side, because each asks the store several times.
    const settled = await Promise.allSettled(waiting.map(({ plan }) => plan));
    for (const [i, result] of settled.entries()) {
      const { group } = waiting[i]!;
      if (result.status === 'fulfilled') plans.push({ group, plan: result.value });
      else if (result.reason instanceof StoreUnavailable && !result.reason.partial) throw result.reason;
      else conclusion.setAside(group, result.reason);
    }
    return plans;
  }

  /** Folds every series, a slice of time after the other. Sets aside what fails. */
  private async finish(plans: readonly Ready[]): Promise<Finished[]> {
    const finished: Finished[] = [];
    let since = performance.now();
    for (const { group, plan } of plans) {
      try {
        finished.push({ group, planned: plan.finish() });
      } catch (error) {
        this.options.conclusion.setAside(group, error);
      }
      if (performance.now() - since < SLICE_MS) continue;
      await turn();
      since = performance.now();
    }
    return finished;
  }

  private async store(finished: readonly Finished[]): Promise<CommitResult[]> {
    const { sources, unanswered, handedToStore } = this.options;
    this.storing++;
    handedToStore();
    try {
      return await sources.store.series.commit(finished.map(({ planned }) => planned.commit));
    } catch (error) {
      for (const { group, planned } of finished) unanswered.note(group, planned);
      throw error;
    } finally {
      this.storing--;
    }
  }
}
