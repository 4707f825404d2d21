/** The clock of a program under test, which a test may set while the program runs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryDirectory } from './temporary-directory.ts';
import { ROOT } from './vigia.ts';

export interface ClockFile {
  /** For the environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  /** The clock of the program is `ms` ahead from now on (behind, where negative). */
  set(ms: number): void;
}

export function clockFile(ms = 0): ClockFile {
  const file = join(temporaryDirectory(), 'clock');
  const set = (ahead: number) => writeFileSync(file, String(ahead));
  set(ms);
  const hook = pathToFileURL(join(ROOT, 'test/helpers/ahead-clock.mjs')).href;
  return { env: { NODE_OPTIONS: `--import ${hook}`, CLOCK_FILE: file }, set };
}
