/** The models this process has loaded, by id. Others' come from the store, where every model in use is kept. */
import type { Model } from '../../models/model.ts';
import { VigiaError } from '../errors.ts';
import type { ModelStore } from '../store/store.ts';

export class ModelRegistry {
  private readonly loaded = new Map<string, Model>();

  /**
   * @param active the model that series without another assignment use
   * @param load turns artifact bytes into a model; throws InvalidModel
   */
  constructor(
    private readonly store: ModelStore,
    readonly active: Model,
    private readonly load: (artifact: Uint8Array) => Promise<Model>,
  ) {
    this.loaded.set(active.id, active);
  }

  /** A model that is loaded already. */
  get(id: string): Model | undefined {
    return this.loaded.get(id);
  }

  /** Loads the models of these ids that are not loaded yet. @throws VigiaError when the store does not have one */
  async require(ids: Iterable<string>): Promise<void> {
    for (const id of ids) {
      if (this.loaded.has(id)) continue;
      const artifact = await this.store.model(id);
      if (!artifact)
        throw new VigiaError('model_missing', `the store has no model '${id}'`, { field: 'model' });
      this.loaded.set(id, await this.load(artifact));
    }
  }
}
