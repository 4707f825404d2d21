/** The state hash of a series, read back. See commit-script.ts for its fields. */
import type { Sample } from '../../domain/reading.ts';
import type { SeriesRecord, SeriesStatus, Snapshot } from '../store.ts';
import { STATE_FORMAT } from './commit-script.ts';
import { type Reply, text } from './reply.ts';

/** A snapshot as one field: its timestamp in digits, a colon, the bytes. */
export function encodeSnapshot({ ts, bytes }: Snapshot): Buffer {
  return Buffer.concat([Buffer.from(`${ts}:`), bytes]);
}

function decodeSnapshot(n: number, field: Buffer): Snapshot {
  const colon = field.indexOf(0x3a);
  return { n, ts: Number(field.toString('latin1', 0, colon)), bytes: field.subarray(colon + 1) };
}

/**
 * @param hash fields and values in turn, as HGETALL gives them
 * @returns null where there is no series, or one that this version cannot read (its commit will say why)
 */
export function decodeRecord(hash: readonly Reply[]): SeriesRecord | null {
  let version: string | null = null;
  let state: Uint8Array = new Uint8Array(0);
  let season: Uint8Array = new Uint8Array(0);
  let assignments: SeriesRecord['assignments'] = [];
  const snapshots: Snapshot[] = [];
  for (let i = 0; i + 1 < hash.length; i += 2) {
    const field = text(hash[i]);
    const value = hash[i + 1] as Buffer;
    if (field === 'f' && Number(text(value)) > STATE_FORMAT) return null;
    if (field === 'v') version = text(value);
    else if (field === 's') state = value;
    else if (field === 'g') season = value;
    else if (field === 'a') assignments = JSON.parse(text(value));
    else if (field[0] === 'n') snapshots.push(decodeSnapshot(Number(field.slice(1)), value));
  }
  snapshots.sort((a, b) => a.n - b.n);
  return version === null ? null : { version, state, season, assignments, snapshots };
}

/** What `GET /api/series` shows, in the order that `decodeSummary` takes them. */
export const SUMMARY_FIELDS = ['v', 't', 'l', 'c'] as const;

/** @returns null where there is no series yet */
export function decodeSummary([version, ts, value, status]: readonly Reply[]): {
  last: Sample | null;
  status: SeriesStatus;
} | null {
  if (version === null || version === undefined) return null;
  return {
    last: ts == null ? null : { ts: Number(text(ts)), value: Number(text(value)) },
    status: (status == null ? 'warmup' : text(status)) as SeriesStatus,
  };
}
