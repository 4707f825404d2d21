import { type Artifact, modelId } from './artifact.ts';

/** What an artifact says of itself, for a person: everything but the weights. */
export function describeArtifact(artifact: Artifact) {
  const { name, version, window, network, scaling, threshold, checksum, origin } = artifact;
  const lstm = network.lstm.map(({ units }) => units);
  return {
    id: modelId(artifact),
    details: {
      name,
      version,
      window,
      lstm,
      scaling: scaling.kind,
      threshold: threshold.value,
      checksum,
      origin,
    },
  };
}
