/** What a forecast costs, for the person who chooses a model. */
import { type Artifact, modelId } from './artifact.ts';
import { multiplications } from './network.ts';

/** Multiplications in a millisecond, of the 10 to 20 million that a core of a Zen 4 does. */
const PER_MS = 1e7;
/** Longer, the event loop is held up: a forecast is not interrupted. */
const LONGEST_MS = 2;

/** One sentence about a model whose forecasts take long, null for others. */
export function costNote(artifact: Artifact): string | null {
  const ms = multiplications(artifact.network, artifact.window) / PER_MS;
  if (ms <= LONGEST_MS) return null;
  return `${modelId(artifact)}: each forecast takes about ${Math.round(ms)} ms, in which the process does nothing else; fewer units or a shorter window cost less`;
}
