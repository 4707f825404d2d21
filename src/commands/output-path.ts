/**
 * Checks where a command writes. The check comes before the work, so that no result is lost, and an error is one sentence
 * that names the option.
 */
import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Artifact, modelId, writeArtifact } from '../../models/artifact.ts';
import { costNote } from '../../models/cost.ts';
import { InvalidInput } from '../errors.ts';

/** Makes nothing. @throws InvalidInput where the folder cannot be made or written to */
export async function checkFolder(option: string, folder: string): Promise<void> {
  await writing(option, folder, async () => {
    let existing = resolve(folder);
    while (!(await exists(existing))) existing = dirname(existing);
    await checkExistingFolder(existing);
  });
}

/** The folder of the file must exist. @throws InvalidInput where the file cannot be written */
export async function checkFile(option: string, file: string): Promise<void> {
  await writing(option, file, async () => {
    if (!(await exists(file))) return checkExistingFolder(dirname(resolve(file)));
    if ((await stat(file)).isDirectory()) throw new Error('it is a folder');
    await access(file, constants.W_OK);
  });
}

/** Writes a new model, and prints where it is and, if the model is slow, what its forecasts cost. @throws InvalidInput */
export async function keepModel(out: string, artifact: Artifact): Promise<void> {
  await writing('out', out, () => writeArtifact(out, artifact));
  console.log(
    `${modelId(artifact)} written to ${out}; use it with MODEL_DIR=${out} or vigia model promote ${out}`,
  );
  const note = costNote(artifact);
  if (note) console.error(note);
}

/** Runs `write`, which writes to `path`. @throws InvalidInput for every error of `write` */
export async function writing(option: string, path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const { message } = error as Error;
    throw new InvalidInput(option, `--${option} ${path} cannot be written: ${message}`, { cause: error });
  }
}

async function checkExistingFolder(folder: string): Promise<void> {
  if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`);
  await access(folder, constants.W_OK);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
