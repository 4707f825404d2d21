/** Alert changes that targets have refused, and those that are due. */
import { type KeptAlert, type KeptAlertStore, keptKey } from '../alert-store.ts';
import { type Database, transaction } from './database.ts';

/** See `KeptAlertStore`. */
const MOST = 1000;
const OF_TARGET = 'FROM kept_alerts WHERE target = :target';

export class KeptAlertTable implements KeptAlertStore {
  constructor(private readonly database: Database) {}

  async keep(target: string, change: KeptAlert): Promise<number> {
    return transaction(this.database, () => {
      this.put(target, change, 0);
      return this.database
        .prepare(
          `DELETE ${OF_TARGET} AND due = 0 AND rowid NOT IN
             (SELECT rowid ${OF_TARGET} AND due = 0 ORDER BY at DESC, rowid DESC LIMIT :most)`,
        )
        .run({ target, most: MOST }).changes;
    });
  }

  async list(target: string): Promise<KeptAlert[]> {
    return this.read(`SELECT content ${OF_TARGET} AND due < 2 ORDER BY at DESC, rowid DESC`, { target });
  }

  async count(target: string): Promise<number> {
    return transaction(this.database, () => {
      const row = this.database.prepare(`SELECT count(*) ${OF_TARGET} AND due < 2`).raw().get({ target });
      return (row as [number])[0];
    });
  }

  async sendAgain(target: string, keys: readonly string[] | null): Promise<number> {
    return transaction(this.database, () => {
      const update = this.database.prepare(
        'UPDATE kept_alerts SET due = 1 WHERE target = :target AND due < 2 AND (:key IS NULL OR key = :key)',
      );
      return (keys ?? [null]).reduce((n, key) => n + update.run({ target, key }).changes, 0);
    });
  }

  async due(target: string, limit: number): Promise<KeptAlert[]> {
    return this.read(`SELECT content ${OF_TARGET} AND due > 0 ORDER BY at, rowid LIMIT :limit`, {
      target,
      limit,
    });
  }

  async remove(
    target: string,
    keys: readonly string[],
    told: ReadonlyMap<string, string> = new Map(),
  ): Promise<number> {
    return transaction(this.database, () => {
      for (const [id, heard] of told) noteTold(this.database, target, id, heard);
      const remove = this.database.prepare(`DELETE ${OF_TARGET} AND key = :key`);
      return keys.reduce((n, key) => n + remove.run({ target, key }).changes, 0);
    });
  }

  /** Inside the caller's transaction. @param due 0 kept, 1 kept and due, 2 only due: it was never refused */
  put(target: string, change: KeptAlert, due: 0 | 2): void {
    this.database
      .prepare('INSERT OR REPLACE INTO kept_alerts (target, key, at, due, content) VALUES (?, ?, ?, ?, ?)')
      .run(target, keptKey(change), change.at, due, JSON.stringify(change));
  }

  private read(sql: string, values: object): KeptAlert[] {
    return transaction(this.database, () =>
      (this.database.prepare(sql).raw().all(values) as [string][]).map(
        ([content]) => JSON.parse(content) as KeptAlert,
      ),
    );
  }
}

/** Inside the caller's transaction. @param heard what the target was told of the alert, see `StreamedAlert` */
export function noteTold(database: Database, target: string, id: string, heard: string): void {
  database.prepare('INSERT OR REPLACE INTO alert_told VALUES (?, ?, ?)').run(target, id, heard);
}
