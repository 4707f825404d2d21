/**
 * Plans the commit of one series in one batch: gives arrival times to readings without one, sorts out duplicates,
 * conflicts and late readings, and sets up the fold. `finish` turns the computed fold into a SeriesCommit.
 */

import { openAlerts } from '../detect/alert-ledger.ts';
import { Fold, type FoldResult, type FoldSample } from '../detect/fold.ts';
import type { ForecastBatch } from '../detect/forecast-batch.ts';
import { usualInterval } from '../detect/intervals.ts';
import { type ComparisonGain, gain } from '../detect/shadow.ts';
import { encodeState, type SeriesState } from '../detect/state.ts';
import type { AlertChange } from '../domain/alert.ts';
import type { IncomingReading, Reading, Sample } from '../domain/reading.ts';
import type { SeriesId } from '../domain/series.ts';
import type { ScoredSample, Verdict } from '../domain/verdict.ts';
import type { Watch } from '../domain/watch.ts';
import type { ModelAssignment, SeriesCommit, SeriesStatus, SnapshotMark, Store } from '../store/store.ts';
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
import type { ModelRegistry } from './model-registry.ts';
import type { Outcome, StaticVerdict } from './outcome.ts';
import type { RuleBook } from './rule-book.ts';
import { foldBase, horizonOf, oldestSnapshot, type SeriesEntry, stateAt } from './series-entry.ts';
import { heardAt, MISSING_RULE, missingAlert } from './silence.ts';
import type { Pending } from './ticket.ts';

/** How far arrival times may run ahead of the clock, ms. */
const ARRIVAL_LEAD = 1000;

type Fate = 'committed' | 'duplicate' | 'busy';

interface Placed {
  readonly reading: Reading;
  fate: Fate;
  /** Where in the fold it is, -1 where it is not. */
  position: number;
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
 * Looks up what is stored around late readings and requests the forecasts. A promise only where the store has to be asked:
 * of most series it need not, and many of them are in a batch. Throws what the store throws.
 */
export function planSeries(
  series: SeriesId,
  pendings: readonly Pending[],
  entry: SeriesEntry,
  store: Store,
  models: ModelRegistry,
  batch: ForecastBatch,
  rules: RuleBook,
  now: number,
): SeriesPlan | Promise<SeriesPlan> {
  const placed = place(series, pendings, entry.state.lastTs, now);
  const plan = new SeriesPlan(series, entry, placed, rules, now);
  return plan.prepare(store, models, batch)?.then(() => plan) ?? plan;
}

/** Gives every reading its timestamp; one whose arrival time would run ahead of the clock is `busy`. */
function place(series: SeriesId, pendings: readonly Pending[], lastTs: number, now: number): Placed[] {
  let newest = lastTs;
  for (const { reading } of pendings) newest = Math.max(newest, reading!.ts ?? -1);
  return pendings.map(({ reading }) => {
    if (isTimed(reading!)) return { reading, fate: 'committed', position: -1 };
    const ts = Math.max(now, newest + 1);
    const busy = ts > now + ARRIVAL_LEAD;
    if (!busy) newest = ts;
    const { value } = reading!;
    const placed = { sensor: series.sensor, metric: series.metric, ts, value };
    return { reading: placed, fate: busy ? 'busy' : 'committed', position: -1 };
  });
}

function isTimed(reading: IncomingReading): reading is Reading {
  return reading.ts !== undefined;
}

/** What is stored after a snapshot, and the state there. */
interface Past {
  readonly mark: SnapshotMark;
  readonly base: SeriesState;
  readonly samples: readonly ScoredSample[];
  /** The unretracted alerts that a fold from there may change. */
  readonly alerts: readonly AlertChange[];
}

/** What is stored where nothing is late. */
const NOTHING: ReadonlyMap<number, number> = new Map();

export class SeriesPlan {
  /** New and replacing values, ascending by timestamp. */
  private fresh: readonly Placed[] = [];
  /** Those of `fresh`, in its order. */
  private samples: readonly Reading[] = [];
  private fold: Fold | null = null;
  private before: readonly AlertChange[] | null = null;
  private assignments: readonly ModelAssignment[];
  private conflicts = 0;
  private unscored = 0;
  /** How many of `fresh` are not newer than the newest of before. */
  private late = 0;
  private keptSnapshots: readonly SnapshotMark[];
  private past: Past | null = null;

  constructor(
    readonly series: SeriesId,
    private readonly entry: SeriesEntry,
    private readonly placed: readonly Placed[],
    private readonly rules: RuleBook,
    private readonly now: number,
  ) {
    this.assignments = entry.assignments;
    this.keptSnapshots = entry.snapshots;
  }

  /** Sets up the fold: from the current state for newer readings, from a snapshot when a late one comes in. */
  prepare(store: Store, models: ModelRegistry, batch: ForecastBatch): Promise<void> | undefined {
    const { state } = this.entry;
    const old = this.notNewer();
    if (old.size > 0) return this.prepareLate(old, store, models, batch);
    this.sort(NOTHING);
    const needed = this.assign(models, state.lastTs);
    const begin = () => this.begin(state, this.samples, needed, models, batch);
    if (!areLoaded(needed, models)) return models.require(modelIds(needed)).then(begin);
    begin();
    return undefined;
  }

  private async prepareLate(
    old: ReadonlySet<number>,
    store: Store,
    models: ModelRegistry,
    batch: ForecastBatch,
  ): Promise<void> {
    this.sort(await this.stored(old, store));
    const { state, snapshots } = this.entry;
    const late = this.samples.slice(0, this.late);
    const needed = this.assign(models, late.length > 0 ? horizonOf(state.count, snapshots) : state.lastTs);
    await models.require(modelIds(needed));
    const longest = Math.max(...needed.map(({ model }) => models.get(model)!.window));
    const refold = late.length > 0 ? await this.refold(late, longest, store) : null;
    const newer = this.samples.slice(this.late);
    this.begin(refold?.base ?? state, refold ? [...refold.samples, ...newer] : newer, needed, models, batch);
  }

  /** Times that may be stored already. */
  private notNewer(): ReadonlySet<number> {
    const old = new Set<number>();
    for (const { fate, reading } of this.placed) {
      if (fate !== 'busy' && reading.ts <= this.entry.state.lastTs) old.add(reading.ts);
    }
    return old;
  }

  private async stored(old: ReadonlySet<number>, store: Store): Promise<ReadonlyMap<number, number>> {
    const earliest = foldBase(this.entry, Math.min(...old));
    // Most of them are late, and what a re-fold needs tells the duplicates too.
    if (earliest) this.past = await this.pastFrom(earliest, store);
    const found = this.past?.samples ?? (await store.series.samplesAt(this.series, [...old]));
    return new Map(found.map(({ ts, value }) => [ts, value]));
  }

  private sort(stored: ReadonlyMap<number, number>): void {
    const inOrder = stored.size === 0 && areInOrder(this.placed, this.entry.state.lastTs);
    this.fresh = inOrder ? this.placed : this.compared(stored);
    this.samples = this.fresh.map(({ reading }) => reading);
  }

  /** With what is stored and with each other: equal is a duplicate, of two values the greater stays. */
  private compared(stored: ReadonlyMap<number, number>): Placed[] {
    const { lastTs } = this.entry.state;
    const effective = new Map<number, Placed>();
    for (const item of this.placed) {
      if (item.fate === 'busy') continue;
      const { ts, value } = item.reading;
      const rival = effective.get(ts);
      const current = rival?.reading.value ?? stored.get(ts);
      if (current !== undefined && current !== value) this.conflicts++;
      if (current !== undefined && value <= current) {
        item.fate = 'duplicate';
        continue;
      }
      effective.set(ts, item);
      if (rival) rival.fate = 'duplicate';
      else if (ts <= lastTs) this.late++;
    }
    return [...effective.values()].sort((a, b) => a.reading.ts - b.reading.ts);
  }

  /** Names the models from the first new reading on. @returns those in force after `since` */
  private assign(models: ModelRegistry, since: number): readonly ModelAssignment[] {
    const firstNew = this.samples[this.late]?.ts ?? null;
    this.assignments = assign(this.assignments, this.series, firstNew, models);
    return assignmentsSince(this.assignments, since);
  }

  private begin(
    base: SeriesState,
    samples: readonly FoldSample[],
    needed: readonly ModelAssignment[],
    models: ModelRegistry,
    batch: ForecastBatch,
  ): void {
    if (samples.length === 0) return;
    const only = needed.length === 1 ? loadedModels(needed[0]!, models) : null;
    const at = (ts: number) => only ?? loadedModels(assignmentAt(needed, ts), models);
    const { season } = this.entry;
    this.fold = new Fold(base, samples, at, batch, season, this.rules.of(this.series));
    let position = 0;
    for (const item of this.fresh.slice(this.unscored)) {
      while (samples[position]!.ts !== item.reading.ts) position++;
      item.position = position;
    }
  }

  /** The stored samples after a snapshot before the earliest late reading within the horizon, with those taken in. */
  private async refold(
    late: readonly Sample[],
    longestWindow: number,
    store: Store,
  ): Promise<{ base: SeriesState; samples: FoldSample[] } | null> {
    for (let first = 0; first < late.length; first++) {
      const mark = foldBase(this.entry, late[first]!.ts);
      if (!mark) continue;
      const past = this.past ?? (await this.pastFrom(mark, store));
      if (!past) continue;
      this.unscored = first;
      // Of silence the fold knows nothing.
      this.before = past.alerts.filter(({ rule }) => rule !== MISSING_RULE);
      this.keptSnapshots = this.keptSnapshots.filter(({ n }) => n <= past.mark.n);
      return { base: past.base, samples: withLate(past.samples, late.slice(first), longestWindow) };
    }
    this.unscored = late.length;
    return null;
  }

  /**
   * All that a fold from a snapshot on needs; null where it is no longer there in full: the server's own retention may
   * have dropped readings of a slow series. (Or another replica has committed since: then this commit will be refused,
   * whatever is computed here.)
   */
  private async pastFrom(mark: SnapshotMark, store: Store): Promise<Past | null> {
    const { state } = this.entry;
    const [base, samples, alerts] = await Promise.all([
      stateAt(mark, this.series, store.series),
      store.series.range(this.series, mark.ts + 1, state.lastTs),
      store.alerts.since(this.series, mark.ts),
    ]);
    return base && samples.length === state.count - mark.n ? { mark, base, samples, alerts } : null;
  }

  /** The commit and what follows from it; the batch must have been computed. */
  finish(): Planned {
    const { entry, samples } = this;
    const result = this.fold?.run() ?? null;
    let verdicts = result?.verdicts ?? [];
    // Before the first that is new nothing has changed.
    if (this.late > 0) verdicts = verdicts.filter(({ ts }) => ts >= samples[0]!.ts);
    const state = result?.state ?? entry.state;
    const oldest = oldestSnapshot(state.count);
    const kept = this.snapshots(result, oldest);
    const horizon = horizonOf(state.count, kept);
    // Without a next state none are written, so none are to be remembered either.
    const known = entry.assignments;
    const needed = result
      ? keptAssignments(this.assignments, Math.min(horizon, ...state.open.map(({ ts }) => ts)))
      : known;
    const assignments = sameAssignments(needed, known) ? known : needed;
    const appended = samples.slice(this.late);
    const watch = result && appended.length > 0 ? this.heard(appended, state) : entry.watch;
    const before = this.before ?? openAlerts(entry.state);
    const alerts = result ? this.named(alertChanges(before, result.alerts)) : [];
    if (entry.watch?.missing && !watch?.missing) {
      alerts.push(missingAlert(entry.watch.missing, appended[0]!.ts));
    }
    return {
      commit: {
        series: this.series,
        expectedVersion: entry.version,
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

  /** Those that stay: mostly the same as before, which then are the same objects. */
  private snapshots(result: FoldResult | null, oldest: number): readonly SnapshotMark[] {
    const known = this.keptSnapshots;
    if ((result?.snapshots ?? []).length === 0 && (known[0]?.n ?? oldest) >= oldest) return known;
    return [...known, ...(result?.snapshots ?? [])]
      .filter(({ n }) => n >= oldest)
      .map(({ n, ts }) => ({ n, ts }));
  }

  /** With the model whose forecast each was judged by. */
  private named(changes: readonly AlertChange[]): AlertChange[] {
    return changes.map((change) =>
      change.rule === 'anomaly'
        ? { ...change, model: assignmentAt(this.assignments, change.ts).model }
        : change,
    );
  }

  private heard(appended: readonly Sample[], state: SeriesState): Watch {
    const interval = usualInterval(state.intervals);
    const inTime = this.rules.inTime(this.series, interval);
    return heardAt(this.now, this.entry.watch, appended, interval, inTime);
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

/** Whether each is newer than all before it, as nearly always. */
function areInOrder(placed: readonly Placed[], lastTs: number): boolean {
  let newest = lastTs;
  for (const { fate, reading } of placed) {
    if (fate === 'busy' || reading.ts <= newest) return false;
    newest = reading.ts;
  }
  return true;
}

/** Computes what only a request looks at when it does. */
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

/**
 * Puts late readings among the stored ones. A stored forecast is what the fold would compute again, to the bit, unless one
 * of the `window` readings before it has changed; so only those are left out, and computed.
 */
function withLate(stored: readonly ScoredSample[], late: readonly Sample[], window: number): FoldSample[] {
  const samples = new Map<number, FoldSample>(
    stored.map(({ ts, value, expected }) => [ts, { ts, value, expected }]),
  );
  for (const { ts, value } of late) samples.set(ts, { ts, value });
  const changed = new Set(late.map(({ ts }) => ts));
  let unchanged = Number.POSITIVE_INFINITY;
  return [...samples.values()]
    .sort((a, b) => a.ts - b.ts)
    .map(({ ts, value, expected }) => {
      const known = unchanged >= window && typeof expected === 'number';
      unchanged = changed.has(ts) ? 0 : unchanged + 1;
      return known ? { ts, value, expected } : { ts, value };
    });
}

function status(state: SeriesState, watch: Watch | null): SeriesStatus {
  if (watch?.missing) return 'silent';
  if (state.open.length > 0) return 'alarm';
  return state.warmup ? 'warmup' : 'normal';
}

/**
 * The difference between the alerts as they stood and as the fold says they stand.
 * @param before the unretracted alerts that the fold may have changed
 */
function alertChanges(before: readonly AlertChange[], after: readonly AlertChange[]): AlertChange[] {
  if (before.length === 0 && after.length === 0) return [];
  const key = ({ rule, ts }: AlertChange) => `${rule}/${ts}`;
  const old = new Map(before.map((alert) => [key(alert), alert]));
  const changes = after.filter((alert) => {
    const was = old.get(key(alert));
    old.delete(key(alert));
    return !was || !sameContent(was, alert);
  });
  for (const alert of old.values()) {
    const { rule, ts, value, expected, score, limit } = alert;
    changes.push({ rule, ts, value, expected, score, limit, state: 'retracted', clearedTs: null });
  }
  return changes;
}

function sameContent(a: AlertChange, b: AlertChange): boolean {
  return (
    a.value === b.value &&
    a.expected === b.expected &&
    a.score === b.score &&
    a.limit === b.limit &&
    a.state === b.state &&
    a.clearedTs === b.clearedTs
  );
}
