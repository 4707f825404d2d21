/** `npm ci` works on every platform, from whatever registry the user has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../helpers/vigia.ts';

interface Locked {
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const packages = Object.entries(
  JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages as Record<string, Locked>,
).filter(([path]) => path !== '');

it('the lock file has the binaries of every platform, though npm leaves out those that were not there', () => {
  const present = new Set(packages.map(([path]) => path.replace(/^.*node_modules\//, '')));
  const missing = packages.flatMap(([, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !present.has(name)),
  );
  expect(missing).toEqual([]);
});

it('the lock file names no registry, and nothing compiles or downloads at install', () => {
  expect(packages.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  const scripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
  expect(scripts).toEqual([]);
});
