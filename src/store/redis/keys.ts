/**
 * The names of all keys. Those of one series share its hash tag, so that one script may touch them on a Cluster, and
 * so do the alert stream with its index and the dead letters with their bytes: `a` and `b:{a}` lie in one slot.
 */
import { type SeriesId, seriesKey } from '../../domain/series.ts';
import { ROLLUPS } from '../rollup.ts';

export const SERIES_KEY = 'vigia:series';
export const LAYOUT_KEY = 'vigia:layout';
export const MODELS_KEY = 'vigia:models';
/** Hash: `revision` and `content` (JSON) of the model table. */
export const MODEL_TABLE_KEY = 'vigia:model-table';
/** Stream: the audit log. */
export const AUDIT_KEY = 'vigia:audit';
/** Hash: secrets that the replicas share, by name. */
export const SECRETS_KEY = 'vigia:secrets';
export const COUNTERS_KEY = 'vigia:counters';
/** Hash: `revision` and `content`, see `DocumentStore`. */
export const documentKey = (name: string) => `vigia:document:${name}`;
/** Hash: `state`, the format in which replicas write states. */
export const FORMATS_KEY = 'vigia:formats';

/** Hash: sender of Sparkplug B to its newest birth (JSON). */
export const BIRTHS_KEY = 'vigia:sparkplug-births';

export const ALERT_STREAM = 'vigia:alerts';
/** Sorted set: alert id by the time of the reading that raised it. */
export const ALERT_INDEX = 'vigia:{vigia:alerts}:index';
/** Hash: alert id to the newest revision in the stream, and what a receiver is told by it (`toldBy`). */
export const ALERT_REVISIONS = 'vigia:{vigia:alerts}:revisions';
/** Hash: `appended`, the entries that the stream ever had; `cursor <target>`, up to where it has been delivered. */
export const ALERT_TARGETS = 'vigia:{vigia:alerts}:targets';
/** The replica that sends to a target at present; expires. */
export const alertLeaseKey = (target: string) => `vigia:{vigia:alerts}:lease:${target}`;
/** Hash: alert id to what a target was last told of the alert; empty where its opening was not sent. */
export const alertToldKey = (target: string) => `vigia:{vigia:alerts}:told:${target}`;
/** Hash: `<alert id>/<revision>` to a change that a target has refused (JSON). */
export const alertKeptKey = (target: string) => `vigia:{vigia:alerts}:kept:${target}`;
/** Hash as `kept`: changes that are to be sent outside the order of the stream. */
export const alertDueKey = (target: string) => `vigia:{vigia:alerts}:due:${target}`;

/** Sorted set: dead letter id by the time it was last seen. */
export const DEAD_LETTERS = 'vigia:dead-letter';
/** Hash: id to topic, reason, detail and bytes. */
export const DEAD_LETTER_CONTENT = 'vigia:{vigia:dead-letter}:content';
/** Hash: id to the time it was first seen and how often. */
export const DEAD_LETTER_COUNTS = 'vigia:{vigia:dead-letter}:counts';

/** `count` is what makes averages of rollups exact where the buckets asked for are wider. */
export const ROLLUP_AGGREGATES = ['avg', 'min', 'max', 'count'] as const;
export type RollupAggregate = (typeof ROLLUP_AGGREGATES)[number];

export type SeriesField = 'state' | 'value' | 'expected' | 'score' | 'outbox' | 'alerts';

/** What a rollup's key has after that of the values. */
export function rollupSuffix(aggregate: RollupAggregate, rollup: string): string {
  return `:${aggregate}:${rollup}`;
}

/** @param key the series' key, see `seriesKey` */
export function fieldKey(key: string, field: SeriesField): string {
  return `vigia:{${key}}:${field}`;
}

export function rollupKey(key: string, aggregate: RollupAggregate, rollup: string): string {
  return fieldKey(key, 'value') + rollupSuffix(aggregate, rollup);
}

/** The blocks of samples, or of the buckets of a rollup, in the layout `sorted-set`. @param key the series' key */
export function blocksKey(key: string, rollup?: string): string {
  return `${fieldKey(key, 'value')}${rollup === undefined ? '' : `:${rollup}`}:packed`;
}

/** The keys of a series in the order that the scripts expect. A commit names the first six only. */
export function seriesKeys(series: SeriesId): string[] {
  const keys = commitKeys(series);
  for (const { name } of ROLLUPS) {
    for (const aggregate of ROLLUP_AGGREGATES) keys.push(keys[1] + rollupSuffix(aggregate, name));
  }
  const key = seriesKey(series);
  keys.push(blocksKey(key), ...ROLLUPS.map(({ name }) => blocksKey(key, name)));
  return keys;
}

export function commitKeys(series: SeriesId): string[] {
  return prefixedKeys(seriesKey(series));
}

/** The keys that a commit names. @param key of a series, or another hash tag */
export function prefixedKeys(key: string): string[] {
  const prefix = `vigia:{${key}}:`;
  return ['state', 'value', 'expected', 'score', 'outbox', 'alerts'].map((field) => prefix + field);
}
