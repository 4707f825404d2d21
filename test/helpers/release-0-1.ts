/** Release 0.1.0 as it was: its data, kept as a fixture, and its program, built from this repository's history. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Redis } from 'ioredis';
import { temporaryDirectory } from './temporary-directory.ts';
import { ROOT } from './vigia.ts';

const COMMIT = '75ba060';
const FIXTURE = join(ROOT, 'test/fixtures/release-0.1.0');

/** Times of the fixture's readings are from this moment on, ms. */
export const FIXTURE_START = Date.UTC(2026, 9, 25);

/** The settings that the fixture was made with, and that it needs: its readings get older with every day. */
export const FIXTURE_SETTINGS = {
  RETENTION: '3650d',
  ALERT_MQTT: 'off',
  ALERT_RULES:
    '[{"sensor":"pump","metric":"flow","max":60,"rate":"8/10m"},{"sensor":"boiler","missing":"off"}]',
} as const;

/** How many readings each series of the fixture has, and when its last one was, ms. */
export const FIXTURE_SERIES = {
  'pump/temperature': { count: 1920, stepMs: 900_000 },
  'pump/flow': { count: 600, stepMs: 60_000 },
  'boiler/pressure': { count: 400, stepMs: 60_000 },
  'door/open': { count: 300, stepMs: 60_000 },
  'new/humidity': { count: 60, stepMs: 60_000 },
  'newest/humidity': { count: 4, stepMs: 60_000 },
} as const;

/** A data directory with the embedded store of release 0.1.0. */
export function formerDataDirectory(): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'vigia.db'), gunzipSync(readFileSync(join(FIXTURE, 'vigia.db.gz'))));
  return directory;
}

/** Puts all keys of release 0.1.0 into a server. */
export async function restoreFormerKeys(redis: Redis, layout: 'sorted-set' | 'timeseries'): Promise<void> {
  const file = gunzipSync(readFileSync(join(FIXTURE, `redis-${layout}.json.gz`))).toString();
  const dumps = JSON.parse(file) as Record<string, string>;
  for (const [key, dump] of Object.entries(dumps)) await redis.restore(key, 0, Buffer.from(dump, 'base64'));
}

/** Whether the program of release 0.1.0 can be built: not from a copy without the repository's history. */
export function hasFormerRelease(): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { cwd: ROOT, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Builds the program of release 0.1.0. @returns the path of its `vigia.js` */
export function buildFormerRelease(): string {
  const directory = temporaryDirectory();
  const archive = execFileSync('git', ['archive', COMMIT], { cwd: ROOT, maxBuffer: 2 ** 28 });
  mkdirSync(directory, { recursive: true });
  execFileSync('tar', ['-x', '-C', directory], { input: archive });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  execFileSync(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
    {
      cwd: directory,
    },
  );
  const program = join(directory, 'bin/vigia.js');
  if (!existsSync(program)) throw new Error(`release 0.1.0 has no ${program}`);
  return program;
}
