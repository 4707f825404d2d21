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
  constructor(
    private readonly database: Database,
    private readonly max: number,
  ) {}

  async add(letters: readonly Omit<DeadLetter, 'count' | 'firstTs'>[]): Promise<number> {
    return transaction(this.database, () => {
      const insert = this.database.prepare(
        `INSERT INTO dead_letters (${COLUMNS}, bytes) VALUES (?, ?, ?, ?, ?, ?, 1, ?)
         ON CONFLICT (id) DO UPDATE SET last_ts = excluded.last_ts, count = count + 1`,
      );
      for (const { id, topic, bytes, reason, detail, lastTs } of letters) {
        insert.run(id, topic, reason, detail, lastTs, lastTs, bytes);
      }
      const surplus = this.kept() - this.max;
      if (surplus <= 0) return 0;
      return this.database
        .prepare(
          'DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters ORDER BY last_ts, rowid LIMIT ?)',
        )
        .run(surplus).changes;
    });
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
    return transaction(
      this.database,
      () => this.database.prepare('DELETE FROM dead_letters WHERE id = ?').run(id).changes > 0,
    );
  }

  async count(): Promise<number> {
    return available(() => this.kept());
  }

  private kept(): number {
    return (this.database.prepare('SELECT count(*) FROM dead_letters').raw().get() as [number])[0];
  }
}
