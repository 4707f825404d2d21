/**
 * A file that only takes room, so that what makes room can still be written on a full disk: SQLite writes what it deletes into
 * its log first. The file goes when a removal or the trimming finds the disk full, and comes back when there is room again.
 */
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreUnavailable } from '../../errors.ts';
import { type Database, OWNER_ONLY, tolerant } from './database.ts';

const NAME = 'vigia.reserve';

export class DiskReserve {
  private readonly file: string;

  /** @param bytes 0: none */
  constructor(
    private readonly database: Database,
    private readonly directory: string,
    private readonly bytes: number,
  ) {
    this.file = join(directory, NAME);
  }

  /** Makes the file where it is not there and there is room. */
  restore(): void {
    try {
      if (statSync(this.file, { throwIfNoEntry: false })?.size === this.bytes) return;
      rmSync(this.file, { force: true });
      const { bavail, bsize } = statfsSync(this.directory);
      if (this.bytes === 0 || bavail * bsize < this.bytes) return;
      writeFileSync(this.file, Buffer.alloc(this.bytes), { mode: OWNER_ONLY });
    } catch {
      rmSync(this.file, { force: true });
    }
  }

  /** Runs `work`, and once more without the reserve where the disk is full. @throws as `work` */
  use<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!this.gaveRoom(error)) throw error;
    }
    try {
      return work();
    } finally {
      this.emptyLog();
      this.restore();
    }
  }

  /** As `use`, of work that takes several turns. */
  async useAsync(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.gaveRoom(error)) throw error;
      await work();
    } finally {
      this.emptyLog();
      this.restore();
    }
  }

  private gaveRoom(error: unknown): boolean {
    if (!(error instanceof StoreUnavailable) || !/full/.test(error.message)) return false;
    const held = statSync(this.file, { throwIfNoEntry: false }) !== undefined;
    rmSync(this.file, { force: true });
    return held;
  }

  /** What the log takes is room too. */
  private emptyLog(): void {
    tolerant(
      () => void this.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').raw().all(),
      () => undefined,
    );
  }
}
