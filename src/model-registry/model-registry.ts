/**
 * The models at work: those this process has loaded, and the table, shared by all replicas through the store, that says
 * which is in force for which series. A change of the table is taken over only after all its models are loaded, so a bad
 * one never replaces what runs.
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

/** Tries at a change that others get in the way of. */
const CHANGE_TRIES = 10;

export class ModelRegistry {
  private readonly loaded = new Map<string, Model>();
  private inForce: ModelTable = EMPTY_TABLE;
  /** Reads and writes of the table one after the other, so that an old answer never follows a new one. */
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

  /** As this process goes by it; the store may have a newer one. */
  get table(): ModelTable {
    return this.inForce;
  }

  /** What series without an override use. */
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

  /** A model that is loaded already. */
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
    }
  }

  /** Takes over the store's table. @returns whether it is another one than before. @throws as `require` */
  refresh(): Promise<boolean> {
    return this.inTurn(async () => {
      const table = await this.store.table();
      if (table.revision === this.inForce.revision) return false;
      await this.takeOver(table);
      return true;
    });
  }

  /**
   * Changes the table in the store, and goes by it from then on.
   * @param edit gives the new table, or the same where nothing is to be changed; may be called again when another replica
   *   was first
   * @throws what `edit` throws; as `require`, with nothing changed
   */
  change(edit: (table: ModelTable) => ModelTable): Promise<ModelTable> {
    return this.inTurn(async () => {
      for (let attempt = 0; attempt < CHANGE_TRIES; attempt++) {
        const table = await this.store.table();
        const next = edit(table);
        await this.require(modelsOf(next));
        if (next !== table && !(await this.store.putTable(next, table.revision))) continue;
        await this.takeOver(next);
        return next;
      }
      throw new VigiaError('model_table_busy', 'other replicas keep changing the model table; try again');
    });
  }

  /**
   * Tells the others of the model that this process was started with; its artifact must be in the store.
   * @param client the same over restarts of this replica
   */
  async start(client: string, now: number): Promise<void> {
    await this.change((table) => bringAlong(table, client, this.own.id, now));
  }

  private async takeOver(table: ModelTable): Promise<void> {
    await this.require(modelsOf(table));
    this.inForce = table;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return result;
  }
}
