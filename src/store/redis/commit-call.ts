/** One SeriesCommit as the call of the commit script, and the script's answer as what it means. */

import { type SeriesId, seriesKey } from '../../domain/series.ts';
import type { VigiaError } from '../../errors.ts';
import { ROLLUPS, type RollupRetention } from '../rollup.ts';
import type { SeriesCommit, SeriesRecord } from '../store.ts';
import { encodeChange } from './alert-entry.ts';
import type { Argument, Call } from './connection.ts';
import { commitKeys } from './keys.ts';
import { checked, type Reply, text, unusableKey } from './reply.ts';
import type { Script } from './script.ts';
import { decodeRecord } from './state-hash.ts';

export interface CommitSettings {
  readonly script: Script;
  /** Retention of the keys of samples, ms. */
  readonly keyRetention: number;
  /** RETENTION, ms. */
  readonly retention: number;
  readonly rollupRetention: RollupRetention;
  /** How far a reading, or the clock of this process, may be ahead of the server's clock, ms. */
  readonly ahead: number;
  /** Write down even duplicates that change nothing, so that a wait for durability covers what stored them. */
  readonly alwaysWrite: boolean;
  /** Pack older members into blocks, see lua/blocks.lua. */
  readonly pack: boolean;
}

/** RedisTimeSeries allows no parenthesis or comma in the value of a label. */
function label(name: string): string {
  return name.replace(/[(),]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

export const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** As the scripts take it: of each rollup in the order of ROLLUPS, ms. */
export const keptArgument = (retention: RollupRetention) =>
  ROLLUPS.map(({ name }) => retention[name]).join(' ');

/** @param version the new one */
export function commitCall(
  commit: SeriesCommit,
  version: string,
  now: number,
  { script, keyRetention, retention, rollupRetention, alwaysWrite, ahead, pack }: CommitSettings,
  keys = commitKeys(commit.series),
): Call {
  const { series, next } = commit;
  const args: Argument[] = ['EVALSHA', script.sha, String(keys.length), ...keys];
  const dropBefore = next ? Math.max(0, Math.min(now - retention, next.horizon + 1)) : 0;
  const snapshots = next?.snapshots ?? [];
  const always = alwaysWrite && commit.duplicates > 0 ? 1 : 0;
  const counts = `${commit.alerts.length} ${snapshots.length} ${commit.duplicates}`;
  const changes = next ? `1 ${next.status} ${next.horizon} ${next.oldestSnapshot}` : '0 - -1 0';
  const kept = keptArgument(rollupRetention);
  args.push(
    `${commit.expectedVersion ?? '-'} ${version} ${always} ${keyRetention} ${dropBefore} ${counts} ${changes} ${now} ${kept} ${ahead} ${pack ? 1 : 0}`,
    `[${commit.samples.map(({ ts, value }) => `"${ts}","${value}"`)}]`,
    `[${commit.verdicts.map(({ ts, expected, score }) => `"${ts}","${expected ?? '-'}","${score ?? '-'}"`)}]`,
    next ? asBuffer(next.state) : '',
    next?.assignments ? JSON.stringify(next.assignments) : '',
    next?.season ? asBuffer(next.season) : '',
    next?.watch ? JSON.stringify(next.watch) : '',
    label(series.sensor),
    label(series.metric),
  );
  for (const change of commit.alerts) args.push(...encodeChange(change));
  for (const { n, ts, bytes } of snapshots) args.push(String(n), String(ts), asBuffer(bytes));
  return { key: keys[0]!, args, script };
}

export type CommitAnswer =
  /** The outbox, field and entry in turn, and the entries of this commit's changes in their order. */
  | {
      readonly status: 'committed';
      readonly pending: readonly Reply[];
      readonly changed: readonly Reply[];
      /** Rollup rules that were gone and were made again. */
      readonly restored: number;
    }
  | { readonly status: 'conflict'; readonly current: SeriesRecord | null }
  | { readonly status: 'failed'; readonly error: VigiaError };

const PLAIN: CommitAnswer = { status: 'committed', pending: [], changed: [], restored: 0 };

export function commitAnswer(series: SeriesId, reply: Reply | undefined): CommitAnswer {
  if (reply === 1) return PLAIN;
  try {
    const [what, a, b, c] = checked(reply, `vigia:{${seriesKey(series)}}:*`) as readonly Reply[];
    switch (text(what)) {
      case 'committed':
        return {
          status: 'committed',
          pending: a as readonly Reply[],
          changed: b as readonly Reply[],
          restored: Number(c ?? 0),
        };
      case 'conflict':
        return { status: 'conflict', current: decodeRecord(a as readonly Reply[]) };
      default:
        return { status: 'failed', error: unusableKey(text(a), text(b)) };
    }
  } catch (error) {
    return { status: 'failed', error: error as VigiaError };
  }
}
