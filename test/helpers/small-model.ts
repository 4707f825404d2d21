import { type Artifact, createArtifact } from '../../models/artifact.ts';
import { createModel } from '../../models/lstm-model.ts';
import type { Model } from '../../models/model.ts';
import { weightCount } from '../../models/network.ts';

/** A real LSTM that forecasts something definite, if not well: small, and the same in every run. */
export function smallArtifact(name = 'small', seed = 1, window = 10): Artifact {
  const network: Artifact['network'] = {
    lstm: [{ units: 4, activation: 'tanh', recurrentActivation: 'sigmoid' }],
    dense: [{ units: 1, activation: 'linear' }],
  };
  const weights = Float32Array.from(
    { length: weightCount(network) },
    (_, i) => 0.4 * Math.sin(seed * 7 + i * 12.9898),
  );
  return createArtifact({
    name,
    version: '1',
    window,
    network,
    scaling: { kind: 'window' },
    threshold: { value: 4, levelShare: 0.04 },
    origin: { kind: 'keras', source: 'test' },
    weights,
  });
}

/** Well-formed, but whatever it is given it has no finite forecast. */
export function overflowingArtifact(): Artifact {
  const { checksum: _, network, weights, ...fields } = smallArtifact('overflowing');
  return createArtifact({
    ...fields,
    network: { ...network, lstm: network.lstm.map((layer) => ({ ...layer, activation: 'relu' as const })) },
    weights: weights.map(() => 3e38),
  });
}

/** Just above what a forecast may cost: 512 x 4 x 100 x 101 multiplications. */
export function costlyArtifact(name: string): Artifact {
  const { checksum: _, network, ...fields } = smallArtifact(name, 1, 512);
  const large = { ...network, lstm: [{ ...network.lstm[0]!, units: 100 }] };
  const weights = new Float32Array(weightCount(large)).map((_, i) => 0.1 * Math.sin(i));
  return createArtifact({ ...fields, network: large, weights });
}

export function smallModel(name?: string, seed?: number, window?: number): Model {
  return createModel(smallArtifact(name, seed, window));
}
