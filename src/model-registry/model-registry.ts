/**
 * The models at work: the models that this process has loaded, and the model table, which says which model is in force for
 * which series. All replicas share the table through the store. A replica applies a new table only after it has loaded all
 * models in it, so a bad model never replaces one that works.
 */
import type { Model } from '../../models/model.ts';
import {
  bringAlong,
  choiceFor,
  DEFAULT_SCOPE,
  EMPTY_TABLE,
  type ModelTable,
  modelsOf,
  sameScope,
} from '../domain/model-table.ts';
import type { SeriesId } from '../domain/series.ts';
import { VigiaError } from '../errors.ts';
import type { ModelStore } from '../store/store.ts';

/** Tries at a change while other replicas change the table too. */
const CHANGE_TRIES = 10;

export class ModelRegistry {
  private readonly loaded = new Map<string, Model>();
  /** The bytes of those that came from the store, in case the store loses them. */
  private readonly artifacts = new Map<string, Uint8Array>();
  private inForce: ModelTable = EMPTY_TABLE;
  /** The last read or write of the table. The next one waits for it, so that an old answer never follows a new one. */
  private turn: Promise<unknown> = Promise.resolve();

  /**
   * @param own the model that this process was started with (MODEL_DIR, or the shipped one): what series without another
   *   one use until the table says otherwise
   * @param load turns artifact bytes into a model; throws InvalidModel
   */
  constructor(
    private readonly store: ModelStore,
    readonly own: Model,
    private readonly load: (artifact: Uint8Array) => Promise<Model>,
  ) {
    this.loaded.set(own.id, own);
  }

  /** The table that this process applies. The store may have a newer one. */
  get table(): ModelTable {
    return this.inForce;
  }

  /** The model of series without an override. */
  get default(): Model {
    const { rules, start } = this.inForce;
    const promoted = rules.find((rule) => sameScope(rule, DEFAULT_SCOPE))?.model;
    return this.loaded.get(promoted ?? start ?? this.own.id) ?? this.own;
  }

  /** The models that the next new reading of a series is scored by. */
  choice(series: SeriesId): { readonly model: string; readonly shadow: string | null } {
    const { model, shadow } = choiceFor(this.inForce, series);
    return { model: model ?? this.own.id, shadow: shadow === this.own.id && model === null ? null : shadow };
  }

  /** A model, if it is loaded already. */
  get(id: string): Model | undefined {
    return this.loaded.get(id);
  }

  /** Loads the models of these ids that are not loaded yet. @throws VigiaError when the store does not have one */
  async require(ids: Iterable<string>): Promise<void> {
    for (const id of ids) {
      if (this.loaded.has(id)) continue;
      const artifact = await this.store.get(id);
      if (!artifact)
        throw new VigiaError('model_missing', `the store has no model '${id}'`, { field: 'model' });
      this.loaded.set(id, await this.load(artifact));
      this.artifacts.set(id, artifact);
    }
  }

  /** Applies the table in the store. @returns whether it has changed. @throws as `require` */
  refresh(): Promise<boolean> {
    return this.inTurn(async () => {
      const table = await this.stored();
      if (table.revision === this.inForce.revision) return false;
      await this.apply(table);
      return true;
    });
  }

  /**
   * Changes the table in the store, and applies it from then on.
   * @param edit gives the new table, or the same where nothing is to be changed; may be called again when another replica
   *   was first
   * @throws what `edit` throws; as `require`, with nothing changed
   */
  change(edit: (table: ModelTable) => ModelTable): Promise<ModelTable> {
    return this.inTurn(async () => {
      for (let attempt = 0; attempt < CHANGE_TRIES; attempt++) {
        const table = await this.stored();
        const next = edit(table);
        await this.require(modelsOf(next));
        if (next !== table && !(await this.store.putTable(next, table.revision))) continue;
        await this.apply(next);
        return next;
      }
      throw new VigiaError('model_table_busy', 'other replicas keep changing the model table; try again');
    });
  }

  /**
   * Tells the other replicas which model this process was started with. Its artifact must be in the store.
   * @param client the same over restarts of this replica
   */
  async start(client: string, now: number): Promise<void> {
    await this.change((table) => bringAlong(table, client, this.own.id, now));
  }

  /** The table in the store. A store that has lost it gets it back, with its models. */
  private async stored(): Promise<ModelTable> {
    const table = await this.store.table();
    if (table.revision > 0 || this.inForce.revision === 0) return table;
    for (const [id, artifact] of this.artifacts) await this.store.put(id, artifact);
    const { inForce } = this;
    return (await this.store.putTable(inForce, 0)) ? inForce : this.store.table();
  }

  private async apply(table: ModelTable): Promise<void> {
    await this.require(modelsOf(table));
    this.inForce = table;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }
}
