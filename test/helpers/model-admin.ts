import { parseArtifact } from '../../models/artifact.ts';
import { describeArtifact } from '../../models/details.ts';
import { trialRun } from '../../models/trial.ts';
import { ModelAdmin } from '../../src/model-registry/model-admin.ts';
import type { ModelRegistry } from '../../src/model-registry/model-registry.ts';
import type { Store } from '../../src/store/store.ts';
import { modelRegistry } from './running-pipeline.ts';
import { smallModel } from './small-model.ts';

/** As the program wires it. */
export function modelAdmin(
  store: Store,
  models: ModelRegistry = modelRegistry(store, smallModel()),
  now: () => number = Date.now,
  maxBytes = 2 ** 30,
): ModelAdmin {
  return new ModelAdmin({
    store,
    models,
    describe: (bytes, source) => describeArtifact(parseArtifact(bytes, source)),
    tryOut: (bytes, source) => trialRun(parseArtifact(bytes, source), source),
    maxBytes,
    now,
  });
}
