/** Dead letters, bounded: the oldest go first. */
import type { DeadLetter, DeadLetterPlace, DeadLetterSummary } from '../../domain/dead-letter.ts';
import type { DeadLetterStore } from '../store.ts';
import { available, type Database, transaction } from './database.ts';

const COLUMNS = 'id, topic, reason, detail, first_ts, last_ts, count';

type LetterRow<Last> = [string, string, string, string, number, number, number, Last];

const toLetter = ([id, topic, reason, detail, firstTs, lastTs, count]: LetterRow<unknown>) => ({
  id,
  topic,
  reason,
  detail,
  firstTs,
  lastTs,
  count,
});

export class DeadLetterTable implements DeadLetterStore {
  /** Of all letters together; null before the first change. */
  private bytes: number | null = null;

  constructor(
    private readonly database: Database,
    private readonly max: number,
    private readonly maxBytes: number,
  ) {}

  async add(letters: readonly Omit<DeadLetter, 'count' | 'firstTs'>[]): Promise<number> {
    return this.changing(() => {
      const insert = this.database.prepare(
        `INSERT INTO dead_letters (${COLUMNS}, bytes) VALUES (?, ?, ?, ?, ?, ?, 1, ?)
         ON CONFLICT (id) DO UPDATE SET last_ts = excluded.last_ts, count = count + 1 RETURNING count`,
      );
      for (const { id, topic, bytes, reason, detail, lastTs } of letters) {
        const [seen] = insert.raw().get(id, topic, reason, detail, lastTs, lastTs, bytes) as [number];
        if (seen === 1) this.bytes! += bytes.length;
      }
      const surplus = this.kept() - this.max;
      let dropped = 0;
      const oldest = this.database.prepare(
        'SELECT rowid, length(bytes) FROM dead_letters ORDER BY last_ts, rowid LIMIT 1',
      );
      while (dropped < surplus || this.bytes! > this.maxBytes) {
        const row = oldest.raw().get() as [number, number] | undefined;
        if (!row) break;
        this.database.prepare('DELETE FROM dead_letters WHERE rowid = ?').run(row[0]);
        this.bytes! -= row[1];
        dropped++;
      }
      return dropped;
    });
  }

  /** In one transaction. `bytes` is what is stored also where the transaction fails. */
  private changing<T>(work: () => T): T {
    const before = this.bytes;
    try {
      return transaction(this.database, () => {
        this.bytes ??= (
          this.database.prepare('SELECT total(length(bytes)) FROM dead_letters').raw().get() as [number]
        )[0];
        return work();
      });
    } catch (error) {
      this.bytes = before;
      throw error;
    }
  }

  async list(limit: number): Promise<DeadLetterSummary[]> {
    return available(() => {
      const newest = `SELECT ${COLUMNS}, length(bytes) FROM dead_letters ORDER BY last_ts DESC, rowid DESC LIMIT ?`;
      const rows = this.database.prepare(newest).raw().all(limit) as LetterRow<number>[];
      return rows.map((row) => ({ ...toLetter(row), size: row[7] }));
    });
  }

  async after(after: DeadLetterPlace | null, limit: number): Promise<DeadLetterPlace[]> {
    return available(() => {
      const page =
        'SELECT id, last_ts FROM dead_letters WHERE (last_ts, id) > (?, ?) ORDER BY last_ts, id LIMIT ?';
      const rows = this.database
        .prepare(page)
        .raw()
        .all(after?.lastTs ?? -1, after?.id ?? '', limit) as [string, number][];
      return rows.map(([id, lastTs]) => ({ id, lastTs }));
    });
  }

  async get(id: string): Promise<DeadLetter | null> {
    return available(() => {
      const found = this.database.prepare(`SELECT ${COLUMNS}, bytes FROM dead_letters WHERE id = ?`);
      const row = found.raw().get(id) as LetterRow<Uint8Array> | undefined;
      return row ? { ...toLetter(row), bytes: row[7] } : null;
    });
  }

  async remove(id: string): Promise<boolean> {
    return this.changing(() => {
      const remove = this.database.prepare('DELETE FROM dead_letters WHERE id = ? RETURNING length(bytes)');
      const row = remove.raw().get(id) as [number] | undefined;
      this.bytes! -= row?.[0] ?? 0;
      return row !== undefined;
    });
  }

  async count(): Promise<number> {
    return available(() => this.kept());
  }

  private kept(): number {
    return (this.database.prepare('SELECT count(*) FROM dead_letters').raw().get() as [number])[0];
  }
}
