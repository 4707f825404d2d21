/** A store that holds many readings of one series, written past the pipeline. */
import { join } from 'node:path';
import Libsql from 'libsql';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { ROLLUPS } from '../../src/store/rollup.ts';

export interface StoredReadings {
  readonly count: number;
  /** Of the newest, ms. */
  readonly last: number;
  /** Between two, ms. */
  readonly every: number;
}

/** Adds the series `sensor`/temperature with its rollups to the store in `directory`. */
export async function storeReadings(
  directory: string,
  sensor: string,
  { count, last, every }: StoredReadings,
): Promise<void> {
  const limits = { retention: 400 * 86_400_000, deadLetterMax: 100 };
  await openEmbeddedStore({ directory, ...limits }).close();
  const database = new Libsql(join(directory, 'vigia.db'));
  database.exec('BEGIN');
  const { lastInsertRowid: id } = database
    .prepare(
      `INSERT INTO series (sensor, metric, version, state, assignments, status, horizon, last_ts, last_value)
       VALUES (?, 'temperature', 'v', x'', '[]', 'normal', -1, ?, 20)`,
    )
    .run(sensor, last);
  database
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
       INSERT INTO samples SELECT ?, ? - i * ?, 20 + (i % 17) / 10.0, 20.5, 0.25 FROM n ORDER BY i DESC`,
    )
    .run(count, id, last, every);
  for (const { width } of ROLLUPS) {
    database
      .prepare(
        `INSERT INTO rollups SELECT series, ?, ts - ts % ?, count(*), sum(value), min(value), max(value)
         FROM samples WHERE series = ? GROUP BY 3`,
      )
      .run(width, width, id);
  }
  database.exec('COMMIT');
  database.close();
}
