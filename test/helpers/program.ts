import { existsSync } from 'node:fs';

const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where a program that the tests drive is installed, null if it is not; then its suites are skipped by name. */
export function findProgram(name: string): string | null {
  const directories = [...(process.env.PATH ?? '').split(':'), ...DIRECTORIES];
  return directories.map((directory) => `${directory}/${name}`).find((path) => existsSync(path)) ?? null;
}
