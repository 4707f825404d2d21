/** The state hash of a series, read back. lua/commit-steps.lua says what its fields are. */
import type { SeriesId } from '../../domain/series.ts';
import type { Watch } from '../../domain/watch.ts';
import { VigiaError } from '../../errors.ts';
import type { ModelAssignment, SeriesRecord, SeriesStatus, SeriesSummary, SnapshotMark } from '../store.ts';
import { type Reply, text } from './reply.ts';

/** Format of the state hash; a hash of a later one is not touched. 2: the series has blocks, which release 0.1 cannot read. */
export const STATE_FORMAT = 2;

/** What a record is made of, in the order that `decodeRecord` takes them; the commit script answers a conflict with them. */
export const RECORD_FIELDS = ['f', 'v', 's', 'e', 'a', 'k', 'w'] as const;

/** The field of a snapshot's bytes. Its mark is in `k`, so that a record can be read without them. */
export function snapshotField(n: number): string {
  return `n${n}`;
}

const NOTHING = new Uint8Array(0);

/**
 * @param fields the values of RECORD_FIELDS
 * @returns null where there is no series, or one of a later version (its commit will say so)
 * @throws VigiaError `state_format` when a field is damaged
 */
export function decodeRecord([
  format,
  version,
  state,
  season,
  assignments,
  marks,
  watch,
]: readonly Reply[]): SeriesRecord | null {
  if (version == null || Number(text(format)) > STATE_FORMAT) return null;
  return {
    version: text(version),
    state: (state as Buffer | null) ?? NOTHING,
    season: (season as Buffer | null) ?? NOTHING,
    assignments: assignments == null ? [] : (decodeJson(text(assignments), 'a') as ModelAssignment[]),
    snapshots: marks == null ? [] : decodeMarks(text(marks)),
    watch: watch == null ? null : (decodeJson(text(watch), 'w') as Watch),
  };
}

function decodeJson(json: string, field: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new VigiaError('state_format', `series state with a damaged field '${field}'`, { cause });
  }
}

/** `64:1700000000000 128:1700000064000`, ascending. */
function decodeMarks(marks: string): SnapshotMark[] {
  const found = Array.from(marks.matchAll(/(\d+):(\d+)/g), ([, n, ts]) => ({ n: Number(n), ts: Number(ts) }));
  return found.sort((a, b) => a.n - b.n);
}

/** What `GET /api/series` shows, in the order that `decodeSummary` takes them. */
export const SUMMARY_FIELDS = ['v', 't', 'l', 'c', 'w'] as const;

/** @returns null where there is no series yet; a damaged watch is left out, so that one series spoils no list */
export function decodeSummary([version, ts, value, status, watch]: readonly Reply[]): Omit<
  SeriesSummary,
  keyof SeriesId
> | null {
  if (version === null || version === undefined) return null;
  return {
    last: ts == null ? null : { ts: Number(text(ts)), value: Number(text(value)) },
    status: (status == null ? 'warmup' : text(status)) as SeriesStatus,
    watch: watch == null ? null : readable(text(watch)),
  };
}

function readable(watch: string): Watch | null {
  try {
    return JSON.parse(watch);
  } catch {
    return null;
  }
}
