/**
 * Files that are not code (the shipped model, the kernel's source) lie in the package beside `dist/`. Compiled code and
 * sources under a test runner are at different depths, so the package is found by walking up.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @returns the nearest folder at or above `from` with a package.json */
export function packageRoot(from: string): string {
  let folder = from;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${from}`);
    folder = parent;
  }
  return folder;
}
