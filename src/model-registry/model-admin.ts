/** What an operator does with models: list them, upload one, let it score as a shadow, promote it, roll back. */
import type { Model } from '../../models/model.ts';
import type { Comparison } from '../detect/shadow.ts';
import { decodeState } from '../detect/state-format.ts';
import {
  type ModelScope,
  type ModelTable,
  modelsOf,
  promote,
  rollBack,
  scopeText,
  setShadow,
} from '../domain/model-table.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import { InvalidInput, InvalidModel } from '../errors.ts';
import type { ModelAssignment, SeriesRecord, Store } from '../store/store.ts';
import type { ModelRegistry } from './model-registry.ts';

/** What an artifact says about itself. */
export interface ModelDetails {
  readonly name: string;
  readonly version: string;
  readonly window: number;
  /** Units of its LSTM layers. */
  readonly lstm: readonly number[];
  /** `window`: any series; `affine`: series of the scale that it was trained with. */
  readonly scaling: 'window' | 'affine';
  readonly threshold: number;
  readonly checksum: string;
  readonly origin: { readonly kind: string; readonly [field: string]: unknown };
}

export interface StoredModel {
  readonly id: string;
  /** null where this version cannot read the artifact; `problem` says why. */
  readonly details: ModelDetails | null;
  readonly problem: string | null;
}

export interface ModelOverview extends Omit<ModelTable, 'started'> {
  /** The model that the replica which answers was started with. */
  readonly own: string;
  readonly models: readonly StoredModel[];
}

/** Errors are mean absolute ones, null while there is no reading that both have forecast. */
export interface ModelComparison extends Omit<Comparison, 'activeError' | 'shadowError'> {
  readonly activeError: number | null;
  readonly shadowError: number | null;
}

export interface SeriesComparison extends ModelComparison, SeriesId {
  /** Id of the active model. */
  readonly active: string;
}

export interface ModelReport extends StoredModel {
  /** Series whose newest reading it has judged. */
  readonly activeOn: number;
  /** Series that it scores as a shadow. */
  readonly shadowOn: number;
  /** Over all of those, null where it is no shadow. Errors add up over series of different units too. */
  readonly comparison: ModelComparison | null;
  /** At most `MOST_SERIES`, those with the most readings first. */
  readonly series: readonly SeriesComparison[];
}

export interface SeriesModels {
  /** From which time on (ms) which model judged, ascending. Of readings before the first it is not known any more. */
  readonly assignments: readonly Omit<ModelAssignment, 'revision'>[];
  /** What the next new reading will be judged by. */
  readonly next: { readonly model: string; readonly shadow: string | null };
  readonly comparison: ModelComparison | null;
}

export interface ModelAdminOptions {
  readonly store: Store;
  readonly models: ModelRegistry;
  /** Parses artifact bytes. @throws InvalidModel */
  readonly describe: (
    artifact: Uint8Array,
    source: string,
  ) => { readonly id: string; readonly details: ModelDetails };
  /** Parses and tries artifact bytes. @throws InvalidModel */
  readonly tryOut: (artifact: Uint8Array, source: string) => Promise<Model>;
  /** Size of all models in the store together, bytes. */
  readonly maxBytes: number;
  readonly now: () => number;
}

const MOST_SERIES = 100;
/** Series read from the store at once. */
const PAGE = 200;

export class ModelAdmin {
  /** Of artifacts, which never change. */
  private readonly known = new Map<string, StoredModel>();

  constructor(private readonly options: ModelAdminOptions) {}

  async overview(): Promise<ModelOverview> {
    const { store, models } = this.options;
    await models.refresh();
    const { started: _, ...table } = models.table;
    const stored: StoredModel[] = [];
    for (const id of await store.models.ids()) stored.push((await this.stored(id))!);
    return { ...table, own: models.own.id, models: stored };
  }

  /** One model, null where the store has none of this id. */
  async stored(id: string): Promise<StoredModel | null> {
    const known = this.known.get(id);
    if (known) return known;
    const { store, describe } = this.options;
    const artifact = await store.models.get(id);
    if (!artifact) return null;
    let model: StoredModel;
    try {
      model = { id, details: describe(artifact, id).details, problem: null };
    } catch (error) {
      if (!(error instanceof InvalidModel)) throw error;
      model = { id, details: null, problem: error.message };
    }
    this.known.set(id, model);
    return model;
  }

  /** A stored model with the series that it works for. Reads every series. */
  async report(model: StoredModel): Promise<ModelReport> {
    let activeOn = 0;
    const series: SeriesComparison[] = [];
    const sums: Comparison[] = [];
    for await (const [id, { assignments, state }] of this.records()) {
      const last = assignments.at(-1);
      if (last?.model === model.id) activeOn++;
      if (last?.shadow !== model.id) continue;
      const comparison = comparisonOf(state);
      if (!comparison) continue;
      sums.push(comparison);
      series.push({ ...id, active: last.model, ...means(comparison) });
    }
    series.sort((a, b) => b.readings - a.readings);
    return {
      ...model,
      activeOn,
      shadowOn: series.length,
      comparison: sums.length === 0 ? null : means(sums.reduce(added)),
      series: series.slice(0, MOST_SERIES),
    };
  }

  /** null where there is no such series. */
  async ofSeries(series: SeriesId): Promise<SeriesModels | null> {
    const { store, models } = this.options;
    const [record] = await store.series.load([series]);
    if (!record) return null;
    const comparison = comparisonOf(record.state);
    return {
      assignments: record.assignments.map(({ revision, ...assignment }) => assignment),
      next: models.choice(series),
      comparison: comparison && means(comparison),
    };
  }

  /**
   * Keeps a model in the store, where every replica finds it. No series uses it yet.
   * @throws InvalidInput that names the field of the artifact at fault
   */
  async upload(artifact: Uint8Array): Promise<StoredModel> {
    const { store, describe, tryOut, maxBytes } = this.options;
    try {
      const { id, details } = describe(artifact, 'the model');
      await this.requireRoom(id, artifact.length, maxBytes);
      await tryOut(artifact, 'the model');
      await store.models.put(id, artifact);
      return { id, details, problem: null };
    } catch (error) {
      if (!(error instanceof InvalidModel)) throw error;
      throw new InvalidInput(error.field ?? 'model', error.message, { cause: error });
    }
  }

  private async requireRoom(id: string, size: number, maxBytes: number): Promise<void> {
    const { models } = this.options.store;
    if ((await models.get(id)) || (await models.bytes()) + size <= maxBytes) return;
    throw new InvalidInput(
      'model',
      `the models would take more than ${maxBytes} bytes (MAX_MODELS_SIZE): delete one, vigia model delete`,
    );
  }

  /**
   * Takes a model out of the store. One that works, or that has judged readings which may be judged again, stays.
   * @returns false where there is none of this id
   * @throws InvalidInput (field id) that says what it is needed for
   */
  async remove(id: string): Promise<boolean> {
    const { store, models } = this.options;
    if (!(await store.models.get(id))) return false;
    await models.refresh();
    const { table } = models;
    const refuse = (why: string) => new InvalidInput('id', `the model '${id}' cannot be deleted: ${why}`);
    if ([...modelsOf(table), ...Object.values(table.started), models.own.id].includes(id))
      throw refuse('it is in force, a shadow, or the model of a replica');
    if (table.history.some(({ from, to }) => from === id || to === id))
      throw refuse('a rollback may bring it back');
    for await (const [series, { assignments }] of this.records()) {
      if (assignments.some(({ model, shadow }) => model === id || shadow === id))
        throw refuse(`it has judged readings of ${seriesKey(series)}, which a late reading judges again`);
    }
    this.known.delete(id);
    return store.models.remove(id);
  }

  promote(scope: ModelScope, id: string): Promise<ModelTable> {
    return this.change([id], (table, now) => promote(table, scope, id, now));
  }

  /** @param id null: no shadow from now on */
  async shadow(scope: ModelScope, id: string | null): Promise<ModelTable> {
    return this.change(id === null ? [] : [id], (table, now) => {
      const next = setShadow(table, scope, id, now);
      if (id === null && next === table) {
        throw new InvalidInput('sensor', `there is no shadow for ${scopeText(scope)}`);
      }
      return next;
    });
  }

  rollBack(scope: ModelScope): Promise<ModelTable> {
    return this.change([], (table, now) => rollBack(table, scope, now));
  }

  /** @param tried models that the change puts to work: each is tried first, whoever uploaded it */
  private async change(
    tried: readonly string[],
    edit: (table: ModelTable, now: number) => ModelTable,
  ): Promise<ModelTable> {
    const { store, models, tryOut, now } = this.options;
    for (const id of tried) {
      const artifact = await store.models.get(id);
      if (!artifact) throw new InvalidInput('model', `the store has no model '${id}'`);
      try {
        await tryOut(artifact, id);
      } catch (error) {
        if (!(error instanceof InvalidModel)) throw error;
        throw new InvalidInput(error.field ?? 'model', error.message, { cause: error });
      }
    }
    return models.change((table) => edit(table, now()));
  }

  private async *records(): AsyncGenerator<[SeriesId, SeriesRecord]> {
    const { store } = this.options;
    const all = await store.series.list();
    for (let at = 0; at < all.length; at += PAGE) {
      const page = all.slice(at, at + PAGE);
      for (const [i, record] of (await store.series.load(page)).entries()) {
        if (record) yield [{ sensor: page[i]!.sensor, metric: page[i]!.metric }, record];
      }
    }
  }
}

/** What a stored state says about its shadow; null where this version cannot read the state. */
function comparisonOf(state: Uint8Array): Comparison | null {
  if (state.length === 0) return null;
  try {
    // A copy: what a store returns may be a view at an offset that doubles cannot be read at.
    return decodeState(state).shadow?.comparison ?? null;
  } catch {
    return null;
  }
}

function added(a: Comparison, b: Comparison): Comparison {
  return {
    since: Math.min(a.since, b.since),
    readings: a.readings + b.readings,
    activeError: Math.min(a.activeError + b.activeError, Number.MAX_VALUE),
    shadowError: Math.min(a.shadowError + b.shadowError, Number.MAX_VALUE),
    activeAlerts: a.activeAlerts + b.activeAlerts,
    shadowAlerts: a.shadowAlerts + b.shadowAlerts,
  };
}

function means({ activeError, shadowError, ...rest }: Comparison): ModelComparison {
  const mean = (sum: number) => (rest.readings === 0 ? null : sum / rest.readings);
  return { ...rest, activeError: mean(activeError), shadowError: mean(shadowError) };
}
