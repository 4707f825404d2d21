/**
 * The stream of alert changes, and the cursor of each target in it. No other process can have this database open, so no lease is
 * needed.
 */
import { type Alert, toldBy } from '../../domain/alert.ts';
import type { AlertStreamStore, Backlog } from '../alert-store.ts';
import { available, type Database, transaction } from './database.ts';
import { noteTold } from './kept-alert-table.ts';

type StreamRow = [
  n: number,
  at: number,
  news: number,
  alert: string,
  state: Alert['state'] | null,
  acknowledged: number | null,
  told: string | null,
];

/** Entries after a place, with how each alert stands now and what the target was told of it. */
const ENTRIES = `SELECT e.n, e.at, e.news, e.alert, a.state, a.acknowledged, t.heard FROM alert_stream e
  LEFT JOIN alerts a ON a.id = json_extract(e.alert, '$.id')
  LEFT JOIN alert_told t ON t.target = ? AND t.id = json_extract(e.alert, '$.id')
  WHERE e.n > ? ORDER BY e.n LIMIT ?`;

/** The number of the newest entry there ever was, also when it is trimmed. */
const APPENDED = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'alert_stream'), 0)";

export class AlertStreamTable implements AlertStreamStore {
  private readonly insert;

  constructor(private readonly database: Database) {
    this.insert = database.prepare('INSERT INTO alert_stream (at, news, alert) VALUES (?, ?, ?)');
  }

  /** Inside the caller's transaction. @param before how the alert stood in the revision before, null for a new alert */
  append(alert: Alert, before: Pick<Alert, 'state' | 'acknowledged'> | null): void {
    const news = before === null || toldBy(alert) !== toldBy(before);
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
      const now = Date.now();
      const due = this.count('SELECT count(*) FROM kept_alerts WHERE target = ? AND due > 0', target);
      const kept = this.count('SELECT count(*) FROM kept_alerts WHERE target = ? AND due < 2', target);
      if (appended <= cursor) return { entries: [], pending: 0, oldest: null, lost: 0, now, due, kept };
      const rows = this.database
        .prepare(ENTRIES)
        .raw()
        .all(target, cursor, Math.max(limit, 1)) as StreamRow[];
      const lost = (rows[0]?.[0] ?? appended + 1) - cursor - 1;
      if (lost > 0) this.move(target, cursor + lost);
      return {
        entries: rows.slice(0, limit).map(([n, at, news, alert, state, acknowledged, told]) => ({
          position: String(n),
          at,
          alert: JSON.parse(alert) as Alert,
          news: news === 1,
          latest: state === null ? '' : toldBy({ state, acknowledged: acknowledged === 1 }),
          told,
        })),
        pending: appended - cursor - lost,
        oldest: rows[0]?.[1] ?? null,
        lost,
        now,
        due,
        kept,
      };
    });
  }

  async confirm(
    target: string,
    _holder: string,
    _leaseMs: number,
    position: string,
    told: ReadonlyMap<string, string> = new Map(),
  ): Promise<boolean> {
    transaction(this.database, () => {
      for (const [id, heard] of told) noteTold(this.database, target, id, heard);
      this.move(target, Number(position));
    });
    return true;
  }

  async told(target: string, ids: readonly string[]): Promise<(string | null)[]> {
    return available(() => {
      const read = this.database.prepare('SELECT heard FROM alert_told WHERE target = ? AND id = ?').raw();
      return ids.map((id) => (read.get(target, id) as [string] | undefined)?.[0] ?? null);
    });
  }

  async release(): Promise<void> {}

  private count(sql: string, target: string): number {
    return (this.database.prepare(sql).raw().get(target) as [number])[0];
  }

  private move(target: string, cursor: number): void {
    this.database
      .prepare(
        'INSERT INTO alert_targets VALUES (?, ?) ON CONFLICT DO UPDATE SET cursor = max(cursor, excluded.cursor)',
      )
      .run(target, cursor);
  }
}
