/**
 * The stream of alert changes, and up to where each target has been told of it. No other process can have this database
 * open, so no lease is needed.
 */
import { type Alert, heardOf } from '../../domain/alert.ts';
import type { AlertStreamStore, Backlog } from '../store.ts';
import { available, type Database, transaction } from './database.ts';

type StreamRow = [n: number, at: number, news: number, alert: string];

/** The number of the newest entry there ever was, also when it is trimmed. */
const APPENDED = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'alert_stream'), 0)";

export class AlertStreamTable implements AlertStreamStore {
  private readonly insert;

  constructor(private readonly database: Database) {
    this.insert = database.prepare('INSERT INTO alert_stream (at, news, alert) VALUES (?, ?, ?)');
  }

  /** Inside the caller's transaction. @param before what receivers had heard of, null for a new alert */
  append(alert: Alert, before: Pick<Alert, 'state' | 'acknowledged'> | null): void {
    const news = before === null || heardOf(alert) !== heardOf(before);
    this.insert.run(Date.now(), news ? 1 : 0, JSON.stringify(alert));
  }

  async addTarget(target: string): Promise<void> {
    transaction(this.database, () =>
      this.database.prepare(`INSERT OR IGNORE INTO alert_targets VALUES (?, ${APPENDED})`).run(target),
    );
  }

  async backlog(target: string, _holder: string, _leaseMs: number, limit: number): Promise<Backlog> {
    return available(() => {
      const [cursor, appended] = this.database
        .prepare(`SELECT coalesce((SELECT cursor FROM alert_targets WHERE name = ?), 0), ${APPENDED}`)
        .raw()
        .get(target) as [number, number];
      if (appended <= cursor) return { entries: [], pending: 0, oldest: null, lost: 0 };
      const rows = this.database
        .prepare('SELECT n, at, news, alert FROM alert_stream WHERE n > ? ORDER BY n LIMIT ?')
        .raw()
        .all(cursor, Math.max(limit, 1)) as StreamRow[];
      const lost = (rows[0]?.[0] ?? appended + 1) - cursor - 1;
      if (lost > 0) this.move(target, cursor + lost);
      return {
        entries: rows.slice(0, limit).map(([n, at, news, alert]) => ({
          position: String(n),
          at,
          alert: JSON.parse(alert) as Alert,
          news: news === 1,
        })),
        pending: appended - cursor - lost,
        oldest: rows[0]?.[1] ?? null,
        lost,
      };
    });
  }

  async confirm(target: string, _holder: string, _leaseMs: number, position: string): Promise<boolean> {
    transaction(this.database, () => this.move(target, Number(position)));
    return true;
  }

  async release(): Promise<void> {}

  private move(target: string, cursor: number): void {
    this.database
      .prepare(
        'INSERT INTO alert_targets VALUES (?, ?) ON CONFLICT DO UPDATE SET cursor = max(cursor, excluded.cursor)',
      )
      .run(target, cursor);
  }
}
