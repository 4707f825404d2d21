/**
 * The tables of the embedded store. `user_version` is the format: a database of a later format is refused, one of an
 * earlier format is brought up to date by the entries of MIGRATIONS from its format on.
 */
export const SCHEMA_FORMAT = 4;

/** What makes format n + 1 of format n, by n. */
export const MIGRATIONS: Readonly<Record<number, string>> = {
  1: 'ALTER TABLE alerts ADD COLUMN limit_value REAL',
  2: 'ALTER TABLE alerts ADD COLUMN model TEXT',
  3: 'ALTER TABLE series ADD COLUMN watch TEXT',
};

/** Columns that earlier releases of the same format do without, by table: the format stays, so that those releases can go on with the database. */
export const ADDED_COLUMNS: readonly (readonly [table: string, column: string, type: string])[] = [
  ['alerts', 'explanation', 'TEXT'],
  ['alerts', 'peak', 'TEXT'],
  ['alerts', 'acknowledgement', 'TEXT'],
];

export const SCHEMA = `
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY,
  sensor TEXT NOT NULL,
  metric TEXT NOT NULL,
  version TEXT NOT NULL,
  state BLOB NOT NULL,
  assignments TEXT NOT NULL,
  status TEXT NOT NULL,
  horizon INTEGER NOT NULL,
  last_ts INTEGER,
  last_value REAL,
  watch TEXT,
  UNIQUE (sensor, metric)
);
CREATE TABLE IF NOT EXISTS snapshots (
  series INTEGER NOT NULL,
  n INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (series, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seasons (series INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS samples (
  series INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  value REAL NOT NULL,
  expected REAL,
  score REAL,
  PRIMARY KEY (series, ts)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rollups (
  series INTEGER NOT NULL,
  width INTEGER NOT NULL,
  start INTEGER NOT NULL,
  n INTEGER NOT NULL,
  sum REAL NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  PRIMARY KEY (series, width, start)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (
  id TEXT PRIMARY KEY,
  series INTEGER NOT NULL,
  rule TEXT NOT NULL,
  ts INTEGER NOT NULL,
  value REAL NOT NULL,
  expected REAL,
  score REAL,
  limit_value REAL,
  state TEXT NOT NULL,
  cleared_ts INTEGER,
  acknowledged INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL DEFAULT 1,
  model TEXT,
  explanation TEXT
);
CREATE INDEX IF NOT EXISTS alerts_by_series ON alerts (series, ts);
CREATE INDEX IF NOT EXISTS alerts_by_ts ON alerts (ts);
CREATE TABLE IF NOT EXISTS alert_stream (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  news INTEGER NOT NULL,
  alert TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS alert_targets (name TEXT PRIMARY KEY, cursor INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS alert_told (
  target TEXT NOT NULL,
  id TEXT NOT NULL,
  heard TEXT NOT NULL,
  PRIMARY KEY (target, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS alert_told_by_id ON alert_told (id);
CREATE TABLE IF NOT EXISTS kept_alerts (
  target TEXT NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  due INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (target, key)
);
CREATE TABLE IF NOT EXISTS dead_letters (
  id TEXT PRIMARY KEY,
  topic TEXT NOT NULL,
  bytes BLOB NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  first_ts INTEGER NOT NULL,
  last_ts INTEGER NOT NULL,
  count INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS dead_letters_by_ts ON dead_letters (last_ts);
CREATE TABLE IF NOT EXISTS models (id TEXT PRIMARY KEY, artifact BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS model_table (one INTEGER PRIMARY KEY CHECK (one = 1), content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rings (series INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS formats (kind TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS audit (n INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, secret BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS births (sender TEXT PRIMARY KEY, birth TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS probe (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
`;
