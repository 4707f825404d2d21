/** The model artifact that this process brings along: MODEL_DIR, or the artifact that comes with Vigía. */
import type { Logger } from 'pino';
import { type Artifact, loadArtifact } from '../../models/artifact.ts';
import { costNote } from '../../models/cost.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { type Simd, usableSimd } from '../../models/kernel/kernel.ts';
import type { Model } from '../../models/model.ts';
import { trialRun } from '../../models/trial.ts';
import type { Config } from '../settings/config.ts';

export interface OwnModel {
  readonly artifact: Artifact;
  readonly model: Model;
  /** The instructions that every model of this process uses. */
  readonly simd: Simd;
}

/** @throws InvalidModel */
export async function loadOwnModel(settings: Config['models'], logger: Logger): Promise<OwnModel> {
  const directory = settings.directory ?? defaultModelDirectory();
  const artifact = await loadArtifact(directory);
  const simd = usableSimd(settings.simd);
  if (simd !== settings.simd)
    logger.warn(`SIMD=${settings.simd}: this Node has no relaxed WebAssembly SIMD (22 has); using ${simd}`);
  const model = await trialRun(artifact, directory, simd);
  warnOfCost(artifact, logger);
  return { artifact, model, simd };
}

export function warnOfCost(artifact: Artifact, logger: Logger): void {
  const note = costNote(artifact);
  if (note) logger.warn(note);
}
