/** Copies of the database: one is made while the store is used, and one takes the store's place. */

import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { ConfigurationError, InvalidInput } from '../../errors.ts';
import type { Backup } from '../store.ts';
import { DATABASE_FILE, damages, OWNER_ONLY, openDatabase } from './database.ts';
import { ReadThread } from './read-thread.ts';

const COPY = /^backup-.*\.db$/;

/** Copies that were not fetched, of a process that was killed. */
export function removeCopies(directory: string): void {
  for (const name of readdirSync(directory)) if (COPY.test(name)) rmSync(join(directory, name));
}

/** A consistent copy, without free pages, beside the database. @throws StoreUnavailable, VigiaError `store_damaged` */
export async function copyDatabase(database: string, directory: string): Promise<Backup> {
  const file = join(directory, `backup-${randomUUID()}.db`);
  const remove = () => rmSync(file, { force: true });
  const copies = new ReadThread(database, true);
  try {
    await copies.for('').rows('VACUUM INTO ?', [file]);
    chmodSync(file, OWNER_ONLY);
  } catch (error) {
    remove();
    throw error;
  } finally {
    await copies.close();
  }
  return { file, remove };
}

/**
 * Puts a copy in the place of the store; what is there is kept under another name.
 * @returns the name of what was there, null where there was none
 * @throws InvalidInput (field `file`) when the copy is damaged or is none; ConfigurationError when the store is in use
 */
export function restoreDatabase(copy: string, directory: string): string | null {
  if (!existsSync(copy)) throw new InvalidInput('file', `${copy} does not exist`);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, DATABASE_FILE);
  if (existsSync(file)) requireUnused(directory);
  const part = join(directory, `backup-${randomUUID()}.db`);
  try {
    copyFileSync(copy, part);
    chmodSync(part, OWNER_ONLY);
    requireSound(part, copy);
    let before: string | null = null;
    if (existsSync(file)) {
      before = `${DATABASE_FILE}.before-${new Date().toISOString().replace(/[:.]/g, '-')}`;
      for (const suffix of ['', '-wal']) {
        if (existsSync(file + suffix)) renameSync(file + suffix, join(directory, before + suffix));
      }
    }
    renameSync(part, file);
    return before;
  } finally {
    rmSync(part, { force: true });
  }
}

function requireUnused(directory: string): void {
  try {
    openDatabase(directory).close();
  } catch (error) {
    // A damaged store is what is to be replaced.
    if (error instanceof ConfigurationError && /in use/.test(error.message)) throw error;
  }
}

function requireSound(file: string, name: string): void {
  let problem: string | undefined;
  try {
    const database = new Libsql(file, { readonly: true });
    [problem] = damages(database);
    if (problem === undefined) database.prepare('SELECT count(*) FROM series').raw().all();
    database.close();
  } catch (error) {
    problem = (error as Error).message;
  }
  if (problem === undefined) return;
  throw new InvalidInput('file', `${name} is no backup of Vigía that can be used: ${problem}`);
}
