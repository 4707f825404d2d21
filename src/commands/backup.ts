/** `vigia backup` and `vigia restore`: copies of the embedded store, made also while Vigía runs. */
import { createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Command } from 'commander';
import pino from 'pino';
import { openExistingStore, restoreStore } from '../app/store-choice.ts';
import { InvalidInput } from '../errors.ts';
import { type Config, readConfig } from '../settings/config.ts';
import { requestServer, runningServer } from './running-server.ts';

const OWNER_ONLY = 0o600;

export function backupCommand(): Command {
  return new Command('backup')
    .description('writes a consistent copy of the embedded store into a directory, also while Vigía runs')
    .argument('<directory>', 'directory that the copy is written into')
    .option('--url <url>', 'URL of the running Vigía (default: HOST and PORT)')
    .action(backUp);
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description(
      'puts a copy in the place of the embedded store in DATA_DIR; what is there is kept beside it',
    )
    .argument('<file>', 'copy that `vigia backup` has written')
    .action((file: string) => {
      const config = embedded(readConfig());
      const before = restoreStore(file, config);
      console.log(`restored ${file} to ${config.store.directory}`);
      if (before !== null) console.log(`what was there is ${join(config.store.directory, before)}`);
    });
}

async function backUp(directory: string, { url }: { url?: string }): Promise<void> {
  const config = embedded(readConfig());
  await mkdir(directory, { recursive: true });
  const file = join(directory, `vigia-${new Date().toISOString().replace(/[:.]/g, '-')}.db`);
  const part = `${file}.part`;
  try {
    if (url !== undefined || !(await copyClosed(config, part))) await copyRunning(config, url, part);
    await rename(part, file);
  } finally {
    await rm(part, { force: true });
  }
  console.log(file);
}

/** @returns false where a running Vigía has the store open */
async function copyClosed(config: Config, part: string): Promise<boolean> {
  let store: Awaited<ReturnType<typeof openExistingStore>>;
  try {
    store = await openExistingStore(config, pino({ level: 'silent' }));
  } catch (error) {
    if (/in use/.test((error as Error).message)) return false;
    throw error;
  }
  if (!store)
    throw new InvalidInput('directory', `there is no store in DATA_DIR (${config.store.directory})`);
  try {
    const copy = await store.backup!();
    await copyFile(copy.file, part);
    await chmod(part, OWNER_ONLY);
    copy.remove();
    return true;
  } finally {
    await store.close();
  }
}

async function copyRunning(config: Config, url: string | undefined, part: string): Promise<void> {
  const response = await requestServer(runningServer(config, url), 'GET', '/api/backup');
  const body = Readable.fromWeb(response.body as ReadableStream);
  await pipeline(body, createWriteStream(part, { mode: OWNER_ONLY }));
}

function embedded(config: Config): Config {
  if (config.redis.url === undefined) return config;
  throw new InvalidInput('REDIS_URL', 'REDIS_URL is set: back up Redis with its own means (docs/deploy.md)');
}
