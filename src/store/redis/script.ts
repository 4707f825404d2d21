/**
 * The Lua scripts, as they are in the folder lua/ of the sources (Lua needs no build) and in the package of npm. A script is
 * named by the digest of its text, so that only the digest travels with each call.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../models/package-root.ts';

const DIRECTORY = join(packageRoot(import.meta.dirname), 'src', 'store', 'redis', 'lua');

export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** @param name of the file, without `.lua`; its header says what KEYS, ARGV and the answer are */
export function script(name: string): Script {
  const text = read(`${name}.lua`);
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** A line `--@include FILE` stands for the lines of that file. */
function read(file: string): string {
  const text = readFileSync(join(DIRECTORY, file), 'utf8');
  return text.replace(/^--@include (.*)\n/gm, (_, included: string) => read(included));
}
