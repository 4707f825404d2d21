/**
 * Files that are not code (the shipped model, the kernel's source) lie in the package beside `dist/`. Compiled code and
 * sources under a test runner are at different depths, so the package is found by walking up.
 */
import { existsSync, readFileSync } from 'node:fs';
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

/** What `vigia --version` prints. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageRoot(import.meta.dirname), 'package.json'), 'utf8')).version;
}
