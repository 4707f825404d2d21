/** Alerts: what the fold says of each, and besides that the revision and the acknowledgement, which the fold does not know. */
import {
  type Acknowledgement,
  type Alert,
  type AlertChange,
  type AlertState,
  alertId,
  type Peak,
} from '../../domain/alert.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { Explanation } from '../../domain/verdict.ts';
import { type AlertQuery, type AlertStore, endOf } from '../alert-store.ts';
import type { AlertStreamTable } from './alert-stream-table.ts';
import { available, type Database, transaction } from './database.ts';
import { KeptAlertTable } from './kept-alert-table.ts';
import { Query } from './query.ts';
import { type Reads, readsOf } from './rows.ts';

/** The fields of an alert, and the columns that they are read from. */
const COLUMNS = {
  id: 'a.id',
  sensor: 's.sensor',
  metric: 's.metric',
  rule: 'a.rule',
  ts: 'a.ts',
  value: 'a.value',
  expected: 'a.expected',
  score: 'a.score',
  limit: 'a.limit_value',
  state: 'a.state',
  clearedTs: 'a.cleared_ts',
  model: 'a.model',
  acknowledged: 'a.acknowledged',
  revision: 'a.revision',
  explanation: 'a.explanation',
  peak: 'a.peak',
  acknowledgement: 'a.acknowledgement',
} as const satisfies Record<keyof Alert, string>;
const FIELDS = Object.keys(COLUMNS) as (keyof Alert)[];
const SELECT = `SELECT ${Object.values(COLUMNS).join(', ')} FROM alerts a JOIN series s ON s.id = a.series`;

type AlertRow = readonly unknown[];
type Read = Omit<Alert, 'model' | 'acknowledged' | 'explanation' | 'peak' | 'acknowledgement'> & {
  readonly model: string | null;
  readonly acknowledged: number;
  readonly explanation: string | null;
  readonly peak: string | null;
  readonly acknowledgement: string | null;
};

function toAlert(row: AlertRow): Alert {
  const read = Object.fromEntries(FIELDS.map((field, i) => [field, row[i]])) as unknown as Read;
  const { model, acknowledged, explanation, peak, acknowledgement, ...rest } = read;
  return {
    ...rest,
    ...(model !== null && { model }),
    ...(explanation !== null && { explanation: JSON.parse(explanation) as Explanation }),
    ...(peak !== null && { peak: JSON.parse(peak) as Peak }),
    acknowledged: acknowledged === 1,
    ...(acknowledgement !== null && { acknowledgement: JSON.parse(acknowledgement) as Acknowledgement }),
  };
}

/** Newest first. */
export async function listAlerts(reads: Reads, query: AlertQuery): Promise<Alert[]> {
  const where = [query.state === undefined ? "a.state <> 'retracted'" : 'a.state = :state'];
  if (query.sensor !== undefined) where.push('s.sensor = :sensor');
  if (query.metric !== undefined) where.push('s.metric = :metric');
  if (query.rule !== undefined) where.push('a.rule = :rule');
  if (query.from !== undefined) where.push('a.ts >= :from');
  if (query.to !== undefined) where.push('a.ts <= :to');
  const sql = `${SELECT} WHERE ${where.join(' AND ')} ORDER BY a.ts DESC, a.id LIMIT :limit`;
  return ((await reads.rows(sql, { ...query })) as AlertRow[]).map(toAlert);
}

export class AlertTable implements AlertStore {
  private readonly upsert;
  private readonly standing;
  private readonly setPeak;

  constructor(
    private readonly database: Database,
    private readonly stream: Pick<AlertStreamTable, 'append'>,
  ) {
    this.standing = new Query(database, 'SELECT state, acknowledged FROM alerts WHERE id = ?');
    this.setPeak = new Query(database, 'UPDATE alerts SET peak = ? WHERE id = ? RETURNING id');
    this.upsert = new Query(
      database,
      `INSERT INTO alerts (id, series, rule, ts, value, expected, score, limit_value, state, cleared_ts, model,
           explanation, peak)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET value = excluded.value, expected = excluded.expected, score = excluded.score,
           limit_value = excluded.limit_value, state = excluded.state, cleared_ts = excluded.cleared_ts, model = excluded.model,
           explanation = coalesce(excluded.explanation, explanation), peak = excluded.peak, revision = revision + 1
         RETURNING acknowledged, revision, acknowledgement`,
    );
  }

  /** Inserts or revises one alert, inside the caller's transaction. @returns null where it is no revision */
  put(series: SeriesId, seriesRow: number, { quiet = false, ...change }: AlertChange): Alert | null {
    const id = alertId(series, change.rule, change.ts);
    const { rule, ts, value, expected, score, limit, state, clearedTs, model = null } = change;
    const { explanation } = change;
    const peak = change.peak ? JSON.stringify(change.peak) : null;
    if (quiet && this.setPeak.first(peak, id)) return null;
    const before = this.before(id);
    const [acknowledged, revision, who] = this.upsert.first(
      id,
      seriesRow,
      rule,
      ts,
      value,
      expected,
      score,
      limit,
      state,
      clearedTs,
      model,
      explanation ? JSON.stringify(explanation) : null,
      peak,
    ) as [number, number, string | null];
    const alert = {
      id,
      sensor: series.sensor,
      metric: series.metric,
      ...change,
      acknowledged: acknowledged === 1,
      ...(who !== null && { acknowledgement: JSON.parse(who) as Acknowledgement }),
      revision,
    };
    this.stream.append(alert, before);
    return alert;
  }

  /** Deletes the alerts of a series, inside the caller's transaction. Targets will be told that the open ones have ended. */
  forget(seriesRow: number): void {
    const kept = new KeptAlertTable(this.database);
    const open = this.database.prepare(`${SELECT} WHERE a.series = ? AND a.state = 'open'`).raw();
    const told = this.database
      .prepare("SELECT target FROM alert_told WHERE id = ? AND heard LIKE 'open%'")
      .raw();
    for (const alert of (open.all(seriesRow) as AlertRow[]).map(toAlert)) {
      for (const [target] of told.all(alert.id) as [string][]) kept.put(target, endOf(alert, Date.now()), 2);
    }
    const ids = 'SELECT id FROM alerts WHERE series = ?';
    this.database.prepare(`DELETE FROM alert_told WHERE id IN (${ids})`).run(seriesRow);
    this.database.prepare('DELETE FROM alerts WHERE series = ?').run(seriesRow);
  }

  private before(id: string): Pick<Alert, 'state' | 'acknowledged'> | null {
    const row = this.standing.first(id) as [state: AlertState, acknowledged: number] | undefined;
    return row ? { state: row[0], acknowledged: row[1] === 1 } : null;
  }

  list(query: AlertQuery): Promise<Alert[]> {
    return listAlerts(readsOf(this.database), query);
  }

  async since(series: SeriesId, ts: number): Promise<Alert[]> {
    return available(() =>
      (
        this.database
          .prepare(
            `${SELECT} WHERE s.sensor = ? AND s.metric = ? AND a.state <> 'retracted'
               AND (a.ts > ? OR a.cleared_ts IS NULL OR a.cleared_ts > ?) ORDER BY a.ts`,
          )
          .raw()
          .all(series.sensor, series.metric, ts, ts) as AlertRow[]
      ).map(toAlert),
    );
  }

  async acknowledge(id: string, who?: Acknowledgement): Promise<Alert | null> {
    return transaction(this.database, () => {
      const before = this.before(id);
      this.database
        .prepare(
          'UPDATE alerts SET acknowledged = 1, acknowledgement = ?, revision = revision + 1 WHERE id = ? AND acknowledged = 0',
        )
        .run(who ? JSON.stringify(who) : null, id);
      const row = this.database.prepare(`${SELECT} WHERE a.id = ?`).raw().get(id) as AlertRow | undefined;
      if (!row || !before) return null;
      const alert = toAlert(row);
      if (!before.acknowledged) this.stream.append(alert, before);
      return alert;
    });
  }
}
