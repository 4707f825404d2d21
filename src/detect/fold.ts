/**
 * The fold: state' = step(state, reading, model) over readings in timestamp order. What is stored about a series is a
 * pure function of its readings and its model assignments, so replicas agree whoever handled which reading.
 *
 * A fold has two phases because forecasts of many series are computed together: constructing it asks for a forecast
 * of every reading that has a full window before it; `run` advances the state once they are computed.
 */
import type { Model } from '../../models/model.ts';
import type { AlertChange } from '../domain/alert.ts';
import { DEFAULT_RULES, type SeriesRules } from '../domain/alert-rule.ts';
import type { Sample } from '../domain/reading.ts';
import type { Verdict } from '../domain/verdict.ts';
import { adoptErrors, resetErrors, stepAdaptive } from './adaptive.ts';
import { AlertLedger } from './alert-ledger.ts';
import { doubles } from './doubles.ts';
import type { Forecast, ForecastBatch } from './forecast-batch.ts';
import { addInterval } from './intervals.ts';
import { stepLimits } from './limits.ts';
import type { SeasonalRing } from './seasonal-ring.ts';
import { emptyComparison, startShadow, stepShadow } from './shadow.ts';
import { cloneState, type SeriesState } from './state.ts';
import { encodeState } from './state-format.ts';

/** A snapshot of the state is taken whenever the number of readings is a multiple of this. */
export const SNAPSHOT_EVERY = 64;
/** A reading to fold; `expected` where its forecast is known already, because nothing before it has changed. */
export interface FoldSample extends Sample {
  readonly expected?: number | null;
}

/** Of the sample at `ts`. */
export interface FoldVerdict extends Verdict {
  readonly ts: number;
}

export interface FoldResult {
  readonly state: SeriesState;
  /** One per sample. */
  readonly verdicts: readonly FoldVerdict[];
  /** Every alert raised by these samples, and the one open before them, as they stand after the last sample. */
  readonly alerts: readonly AlertChange[];
  readonly snapshots: readonly { readonly n: number; readonly ts: number; readonly bytes: Uint8Array }[];
  readonly season: SeasonalRing;
  /** Whether `season` differs from the ring that the fold was given. */
  readonly seasonChanged: boolean;
}

/** The models of one reading: the one in force, and the one that scores beside it. */
export interface ModelsAt {
  readonly model: Model;
  readonly shadow: Model | null;
}

export class Fold {
  private readonly history: Float64Array;
  private readonly models: ModelsAt[] = [];
  /** How many of the values before each sample count, and after the last: a function of the readings, not of the batch. */
  private readonly known: number[];
  private readonly forecasts: (Forecast | number | null)[] = [];
  /** By sample, where one has a shadow. */
  private readonly shadowForecasts: (Forecast | undefined)[] = [];

  /**
   * @param base the state before the first sample; not changed
   * @param samples ascending by ts, all later than `base.lastTs`
   * @param modelsAt the models at a timestamp
   * @param season the newest ring of the series, also where `base` is older (see seasonal-ring.ts); not changed
   * @param rules what raises alerts, on every one of the samples
   */
  constructor(
    private readonly base: SeriesState,
    readonly samples: readonly FoldSample[],
    modelsAt: (ts: number) => ModelsAt,
    batch: ForecastBatch,
    private readonly season: SeasonalRing,
    private readonly rules: SeriesRules = DEFAULT_RULES,
  ) {
    const start = base.values.length;
    const history = doubles(start + samples.length);
    history.set(base.values);
    this.history = history;
    let known = start;
    this.known = [known];
    for (let i = 0; i < samples.length; i++) {
      const { ts, value, expected } = samples[i]!;
      const at = modelsAt(ts);
      const { model, shadow } = at;
      this.models.push(at);
      if (known < model.window) this.forecasts.push(null);
      else
        this.forecasts.push(typeof expected === 'number' ? expected : batch.add(model, history, start + i));
      if (shadow && known >= shadow.window) this.shadowForecasts[i] = batch.add(shadow, history, start + i);
      history[start + i] = value;
      known = Math.min(known + 1, shadow ? Math.max(model.window, shadow.window) : model.window);
      this.known.push(known);
    }
  }

  /** W of the model of sample `i`. */
  needed(i: number): number {
    return this.models[i]!.model.window;
  }

  /** The values that the forecast of sample `i` sees, oldest first; fewer than W at the start of a series. */
  window(i: number): number[] {
    const end = this.base.values.length + i;
    return Array.from(this.history.subarray(end - Math.min(this.known[i]!, this.needed(i)), end));
  }

  /**
   * The static rule on sample `i`, whose forecast was not known before; null while there are fewer than W values before
   * it. Valid after `compute`. `error` stops at the largest double, where value and forecast lie at opposite ends.
   */
  static(i: number): { expected: number; error: number; threshold: number; anomaly: boolean } | null {
    const forecast = this.forecasts[i];
    if (forecast === null || forecast === undefined || typeof forecast === 'number') return null;
    const { expected, threshold } = forecast;
    const distance = Math.abs(this.samples[i]!.value - expected);
    return {
      expected,
      error: Math.min(distance, Number.MAX_VALUE),
      threshold,
      anomaly: distance > threshold,
    };
  }

  /** Advances the state over all samples; the batch must have been computed. */
  run(): FoldResult {
    const state = cloneState(this.base);
    const verdicts: FoldVerdict[] = [];
    const snapshots: { n: number; ts: number; bytes: Uint8Array }[] = [];
    const ledger = new AlertLedger(state);
    const { rules } = this;
    const limited = rules.min !== null || rules.max !== null || rules.rate !== null;
    const season = this.season.fork();
    let seasonChanged = false;

    for (let i = 0; i < this.samples.length; i++) {
      const { ts, value } = this.samples[i]!;
      this.changeModels(state, i);
      const forecast = this.forecasts[i]!;
      const expected = forecast === null || typeof forecast === 'number' ? forecast : forecast.expected;
      const step = stepAdaptive(state.adaptive, ts, value, expected, season);
      const { score, warmup, explanation } = step;
      const { raised, cleared, slotClosed } = step;
      seasonChanged ||= slotClosed;
      const verdict = { ts, expected, score, warmup, explanation };
      if (cleared || !rules.anomaly) ledger.clear('anomaly', ts);
      if (raised && rules.anomaly) ledger.raise({ rule: 'anomaly', ts, value, expected, score, limit: null });
      if (limited || state.open.length > 0 || state.rate.length > 0 || state.waiting.length > 0) {
        const previous = i === 0 ? this.base.values.at(-1) : this.samples[i - 1]!.value;
        stepLimits(state, ledger, rules, { ts, value }, verdict, previous);
      }
      if (state.open.length > 0) ledger.look({ ts, value });
      if (state.shadow) {
        const forecast = this.shadowForecasts[i]?.expected ?? null;
        stepShadow(state.shadow, ts, value, forecast, { raised, warmup, expected }, season);
      }
      if (state.lastTs >= 0) addInterval(state.intervals, ts - state.lastTs);
      verdicts.push(verdict);
      state.count++;
      state.lastTs = ts;
      state.warmup = warmup;
      if (state.count % SNAPSHOT_EVERY === 0) {
        state.values = this.newest(i);
        snapshots.push({ n: state.count, ts, bytes: encodeState(state) });
      }
    }
    const last = this.samples.length - 1;
    if (last >= 0) state.values = this.newest(last);
    return { state, verdicts, alerts: ledger.changes(), snapshots, season, seasonChanged };
  }

  /** Lets the models of sample `i` take over from those of the sample before. */
  private changeModels(state: SeriesState, i: number): void {
    const { model, shadow: beside } = this.models[i]!;
    const { id } = model;
    const shadow = beside?.id;
    const { ts } = this.samples[i]!;
    if (state.model !== id) {
      if (state.shadow?.model === id) adoptErrors(state.adaptive, state.shadow.adaptive);
      else if (state.model !== '') resetErrors(state.adaptive);
      state.model = id;
      if (state.shadow) state.shadow.comparison = emptyComparison(ts);
    }
    if (state.shadow && state.shadow.model !== shadow) state.shadow = null;
    if (shadow !== undefined) state.shadow ??= startShadow(shadow, state.adaptive, ts);
  }

  private newest(i: number): Float64Array {
    const end = this.base.values.length + i + 1;
    return this.history.subarray(end - this.known[i + 1]!, end);
  }
}
