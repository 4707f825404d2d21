/**
 * Where commands write. Whether they can is asked before the work whose result it would lose, and an error is one sentence
 * that names the option.
 */
import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Artifact, modelId, writeArtifact } from '../../models/artifact.ts';
import { costNote } from '../../models/cost.ts';
import { InvalidInput } from '../errors.ts';

/** @throws InvalidInput where the folder cannot be made or written to; makes nothing */
export async function checkFolder(option: string, folder: string): Promise<void> {
  await writing(option, folder, async () => {
    let existing = resolve(folder);
    while (!(await exists(existing))) existing = dirname(existing);
    await checkExistingFolder(existing);
  });
}

/** @throws InvalidInput where the file cannot be written; its folder has to be there */
export async function checkFile(option: string, file: string): Promise<void> {
  await writing(option, file, async () => {
    if (!(await exists(file))) return checkExistingFolder(dirname(resolve(file)));
    if ((await stat(file)).isDirectory()) throw new Error('it is a folder');
    await access(file, constants.W_OK);
  });
}

/** Writes a new model and says so, and what it costs if that is much. @throws InvalidInput */
export async function keepModel(out: string, artifact: Artifact): Promise<void> {
  await writing('out', out, () => writeArtifact(out, artifact));
  console.log(
    `${modelId(artifact)} written to ${out}; use it with MODEL_DIR=${out} or vigia model promote ${out}`,
  );
  const note = costNote(artifact);
  if (note) console.error(note);
}

/** Runs what writes to `path`. @throws InvalidInput for whatever it throws */
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
