/**
 * Plans the commit of one series in one batch: places its readings in time, sorts out duplicates, conflicts and late
 * readings, and sets up the fold. `finish` turns the computed fold into a SeriesCommit.
 */

import { randomBytes } from 'node:crypto';
import { openAlerts } from '../detect/alert-ledger.ts';
import { Fold, type FoldResult, type FoldSample } from '../detect/fold.ts';
import type { ForecastBatch } from '../detect/forecast-batch.ts';
import { usualInterval } from '../detect/intervals.ts';
import { type ComparisonGain, gain } from '../detect/shadow.ts';
import type { SeriesState } from '../detect/state.ts';
import { encodeState } from '../detect/state-format.ts';
import type { AlertChange } from '../domain/alert.ts';
import type { Outcome, StaticVerdict } from '../domain/outcome.ts';
import type { Reading, Sample } from '../domain/reading.ts';
import type { SeriesId } from '../domain/series.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Watch } from '../domain/watch.ts';
import type { ModelRegistry } from '../model-registry/model-registry.ts';
import { MISSING_RULE, missingAlert, watchAfter } from '../staleness/staleness.ts';
import type { ModelAssignment, SeriesCommit, SeriesStatus, SnapshotMark, Store } from '../store/store.ts';
import { alertChanges } from './alert-changes.ts';
import {
  areLoaded,
  assign,
  assignmentAt,
  assignmentsSince,
  keptAssignments,
  loadedModels,
  modelIds,
  sameAssignments,
} from './assignments.ts';
import { type Past, pastFrom, withLate } from './past.ts';
import { freshOf, notNewer, type Placed, place, type Room, roomFor, type WithReading } from './placement.ts';
import type { RuleBook } from './rule-book.ts';
import { foldBase, horizonOf, oldestSnapshot, type SeriesEntry } from './series-entry.ts';

/** What plans are made with, the same for all series. */
export interface PlanSources {
  readonly store: Store;
  readonly models: ModelRegistry;
  readonly rules: RuleBook;
  /** How far ahead of the clock the arrival times of messages may run, ms, at least 1000. */
  readonly arrivalLead: number;
}

export interface Planned {
  readonly commit: SeriesCommit;
  /** What to remember once the commit is applied under its new version. */
  readonly entry: Omit<SeriesEntry, 'version'>;
  /** In the order of the readings planned for. */
  readonly outcomes: readonly Outcome[];
  readonly conflicts: number;
  readonly lateScored: number;
  readonly lateUnscored: number;
  /** What this commit adds to the comparison with the shadow model; null where none scores. */
  readonly shadow: { readonly model: string; readonly gain: ComparisonGain } | null;
}

/**
 * Looks up what is stored around late readings, and requests the forecasts. Returns a promise only where the store has to be
 * asked: most series need nothing from it, and a batch has many series. Throws what the store throws.
 * @param items each with a reading of the series, in the order of arrival
 * @param now ms
 */
export function planSeries(
  sources: PlanSources,
  series: SeriesId,
  items: readonly WithReading[],
  entry: SeriesEntry,
  batch: ForecastBatch,
  now: number,
): SeriesPlan | Promise<SeriesPlan> {
  const { store, arrivalLead } = sources;
  const planned = (room: Room) => {
    const placed = place(series, items, room, now, arrivalLead);
    const plan = new SeriesPlan(sources, series, entry, placed, now);
    return plan.prepare(batch)?.then(() => plan) ?? plan;
  };
  const room = roomFor(series, items, entry.state.lastTs, now, arrivalLead, store.series);
  return room instanceof Promise ? room.then(planned) : planned(room);
}

/** What is stored where nothing is late. */
const NOTHING: ReadonlyMap<number, number> = new Map();

export class SeriesPlan {
  /** New and replacing values, ascending by timestamp. */
  private fresh: readonly Placed[] = [];
  /** The readings of `fresh`, in its order. */
  private samples: readonly Reading[] = [];
  private fold: Fold | null = null;
  private before: readonly AlertChange[] | null = null;
  private assignments: readonly ModelAssignment[];
  private conflicts = 0;
  private unscored = 0;
  /** How many of `fresh` are not newer than the newest stored reading. */
  private late = 0;
  private keptSnapshots: readonly SnapshotMark[];
  private past: Past | null = null;

  constructor(
    private readonly sources: PlanSources,
    readonly series: SeriesId,
    private readonly entry: SeriesEntry,
    private readonly placed: readonly Placed[],
    private readonly now: number,
  ) {
    this.assignments = entry.assignments;
    this.keptSnapshots = entry.snapshots;
  }

  /** Sets up the fold: from the current state for newer readings, from a snapshot when a late one comes in. */
  prepare(batch: ForecastBatch): Promise<void> | undefined {
    const { models } = this.sources;
    const { state } = this.entry;
    const old = notNewer(this.placed, state.lastTs);
    if (old.size > 0) return this.prepareLate(old, batch);
    this.sortOut(NOTHING);
    const needed = this.assign(state.lastTs);
    const begin = () => this.begin(state, this.samples, needed, batch);
    if (!areLoaded(needed, models)) return models.require(modelIds(needed)).then(begin);
    begin();
    return undefined;
  }

  private async prepareLate(old: ReadonlySet<number>, batch: ForecastBatch): Promise<void> {
    const { models } = this.sources;
    this.sortOut(await this.stored(old));
    const { state, snapshots } = this.entry;
    const late = this.samples.slice(0, this.late);
    const needed = this.assign(late.length > 0 ? horizonOf(state.count, snapshots) : state.lastTs);
    await models.require(modelIds(needed));
    const longest = Math.max(...needed.map(({ model }) => models.get(model)!.window));
    const refold = late.length > 0 ? await this.refold(late, longest) : null;
    const newer = this.samples.slice(this.late);
    this.begin(refold?.base ?? state, refold ? [...refold.samples, ...newer] : newer, needed, batch);
  }

  /** The values that are stored at these times. */
  private async stored(old: ReadonlySet<number>): Promise<ReadonlyMap<number, number>> {
    const { store } = this.sources;
    const earliest = foldBase(this.entry, Math.min(...old));
    // Most of them are late, and what a re-fold needs tells the duplicates too.
    if (earliest) this.past = await pastFrom(earliest, this.series, this.entry.state, store);
    const found = this.past?.samples ?? (await store.series.samplesAt(this.series, [...old]));
    return new Map(found.map(({ ts, value }) => [ts, value]));
  }

  private sortOut(stored: ReadonlyMap<number, number>): void {
    const { items, late, conflicts } = freshOf(this.placed, stored, this.entry.state.lastTs);
    this.fresh = items;
    this.late = late;
    this.conflicts = conflicts;
    this.samples = items.map(({ reading }) => reading);
  }

  /** Names the models from the first new reading on. @returns those in force after `since` */
  private assign(since: number): readonly ModelAssignment[] {
    const firstNew = this.samples[this.late]?.ts ?? null;
    this.assignments = assign(this.assignments, this.series, firstNew, this.sources.models);
    return assignmentsSince(this.assignments, since);
  }

  private begin(
    base: SeriesState,
    samples: readonly FoldSample[],
    needed: readonly ModelAssignment[],
    batch: ForecastBatch,
  ): void {
    if (samples.length === 0) return;
    const { models, rules } = this.sources;
    // A snapshot may be older than the decision which releases have to read the state.
    const from = { ...base, former: this.entry.state.former };
    const only = needed.length === 1 ? loadedModels(needed[0]!, models) : null;
    const at = (ts: number) => only ?? loadedModels(assignmentAt(needed, ts), models);
    const { season } = this.entry;
    this.fold = new Fold(from, samples, at, batch, season, rules.of(this.series));
    let position = 0;
    for (const item of this.fresh.slice(this.unscored)) {
      while (samples[position]!.ts !== item.reading.ts) position++;
      item.position = position;
    }
  }

  /** The stored samples after a snapshot before the earliest late reading within the horizon, with the late ones among them. */
  private async refold(
    late: readonly Sample[],
    longestWindow: number,
  ): Promise<{ base: SeriesState; samples: FoldSample[] } | null> {
    const { entry, series, sources } = this;
    for (let first = 0; first < late.length; first++) {
      const mark = foldBase(entry, late[first]!.ts);
      if (!mark) continue;
      const past = this.past ?? (await pastFrom(mark, series, entry.state, sources.store));
      if (!past) continue;
      this.unscored = first;
      // The fold knows nothing of stale series.
      this.before = past.alerts.filter(({ rule }) => rule !== MISSING_RULE);
      this.keptSnapshots = this.keptSnapshots.filter(({ n }) => n <= past.mark.n);
      return { base: past.base, samples: withLate(past.samples, late.slice(first), longestWindow) };
    }
    this.unscored = late.length;
    return null;
  }

  /** The commit and what follows from it; the batch must have been computed. */
  finish(): Planned {
    const { entry, samples } = this;
    const result = this.fold?.run() ?? null;
    let verdicts = result?.verdicts ?? [];
    // Before the first new reading nothing has changed.
    if (this.late > 0) verdicts = verdicts.filter(({ ts }) => ts >= samples[0]!.ts);
    const state = result?.state ?? entry.state;
    const oldest = oldestSnapshot(state.count);
    const kept = this.snapshots(result, oldest);
    const horizon = horizonOf(state.count, kept);
    // Without a next state no assignments are written, so none are remembered either.
    const known = entry.assignments;
    const needed = result
      ? keptAssignments(this.assignments, Math.min(horizon, ...state.open.map(({ ts }) => ts)))
      : known;
    const assignments = sameAssignments(needed, known) ? known : needed;
    const appended = samples.slice(this.late);
    const watch = result && appended.length > 0 ? this.watchAfter(appended, state) : entry.watch;
    const before = this.before ?? openAlerts(entry.state);
    const alerts = result ? this.named(alertChanges(before, result.alerts)) : [];
    if (entry.watch?.missing && !watch?.missing) {
      alerts.push(missingAlert(entry.watch.missing, appended[0]!.ts));
    }
    return {
      commit: {
        series: this.series,
        expectedVersion: entry.version,
        version: randomBytes(8).toString('hex'),
        newest: entry.state.lastTs,
        samples,
        verdicts,
        next: result && {
          state: encodeState(result.state),
          ...(result.seasonChanged && { season: result.season.bytes }),
          snapshots: result.snapshots.filter(({ n }) => n >= oldest),
          oldestSnapshot: oldest,
          horizon,
          ...(assignments !== known && { assignments }),
          status: status(state, watch),
          ...(watch !== entry.watch && { watch: watch! }),
        },
        alerts,
        duplicates: this.placed.filter(({ fate }) => fate === 'duplicate').length,
      },
      entry: {
        state,
        season: result?.seasonChanged ? result.season : entry.season,
        snapshots: kept,
        assignments,
        watch,
      },
      outcomes: this.placed.map((item) => this.outcome(item, result)),
      conflicts: this.conflicts,
      lateScored: this.late - this.unscored,
      lateUnscored: this.unscored,
      shadow: state.shadow && { model: state.shadow.model, gain: gain(entry.state.shadow, state.shadow) },
    };
  }

  /** The snapshots that stay. Mostly they are the same as before, and then they are the same objects. */
  private snapshots(result: FoldResult | null, oldest: number): readonly SnapshotMark[] {
    const known = this.keptSnapshots;
    if ((result?.snapshots ?? []).length === 0 && (known[0]?.n ?? oldest) >= oldest) return known;
    return [...known, ...(result?.snapshots ?? [])]
      .filter(({ n }) => n >= oldest)
      .map(({ n, ts }) => ({ n, ts }));
  }

  /** Adds the model whose forecast each reading was judged by. */
  private named(changes: readonly AlertChange[]): AlertChange[] {
    return changes.map((change) =>
      change.rule === 'anomaly'
        ? { ...change, model: assignmentAt(this.assignments, change.ts).model }
        : change,
    );
  }

  private watchAfter(appended: readonly Sample[], state: SeriesState): Watch {
    const interval = usualInterval(state.intervals);
    const inTime = this.sources.rules.inTime(this.series, interval);
    return watchAfter(this.now, this.entry.watch, appended, interval, inTime);
  }

  private outcome({ fate, reading, position }: Placed, result: FoldResult | null): Outcome {
    if (fate === 'busy')
      return {
        status: 'busy',
        detail: `too many readings without ts for ${reading.sensor}/${reading.metric}`,
      };
    if (fate === 'duplicate') return { status: 'duplicate', reading };
    return new Committed(
      reading,
      position < 0 ? null : this.fold,
      position,
      result?.verdicts[position] ?? null,
    );
  }
}

/** The outcome of a stored reading. What only a request needs is computed when the request asks for it. */
class Committed {
  readonly status = 'committed';

  constructor(
    readonly reading: Reading,
    private readonly fold: Fold | null,
    private readonly position: number,
    readonly verdict: Verdict | null,
  ) {}

  get static(): StaticVerdict | null {
    return this.fold?.static(this.position) ?? null;
  }

  get window(): readonly number[] {
    return this.fold?.window(this.position) ?? [];
  }

  get needed(): number {
    return this.fold?.needed(this.position) ?? 0;
  }
}

/** What lists of series say of a series in this state. */
export function status(state: SeriesState, watch: Watch | null): SeriesStatus {
  if (watch?.missing) return 'silent';
  if (state.open.length > 0) return 'alarm';
  return state.warmup ? 'warmup' : 'normal';
}
