/** The call of the short script for what most commits are: one reading, newer than all others of its series. */
import type { SeriesCommit } from '../store.ts';
import { asBuffer, type CommitSettings, keptArgument } from './commit-call.ts';
import type { Call } from './connection.ts';
import { commitKeys } from './keys.ts';
import type { Script } from './script.ts';

/** The width of the finest rollup, ms: where its bucket closes, the keys of the rollups have to be looked at. */
const FINEST_MS = 60_000;

/** The answer that says that the commit was made. After any other the script of all commits has to be called. */
export const APPENDED = 1;

/**
 * @param version the new one
 * @returns null where the commit is more than the script can do
 */
export function appendCall(
  commit: SeriesCommit,
  version: string,
  { keyRetention, rollupRetention }: Pick<CommitSettings, 'keyRetention' | 'rollupRetention'>,
  script: Script,
): Call | null {
  const { next, samples, verdicts, alerts, expectedVersion, newest = -1 } = commit;
  if (!next || expectedVersion === null || samples.length !== 1 || alerts.length > 0) return null;
  if (next.season || next.assignments || next.snapshots.length > 0 || verdicts.length > 1) return null;
  const [{ ts, value }] = samples as [SeriesCommit['samples'][number]];
  if (ts <= newest || Math.floor(ts / FINEST_MS) !== Math.floor(newest / FINEST_MS)) return null;
  const [verdict] = verdicts;
  if (verdict && verdict.ts !== ts) return null;
  const key = commitKeys(commit.series)[0]!;
  const { state, status, horizon, watch } = next;
  const args = [
    ...['EVALSHA', script.sha, '1', key, expectedVersion, version, String(keyRetention), String(ts)],
    ...[String(value), String(verdict?.expected ?? '-'), String(verdict?.score ?? '-')],
    ...[status, String(horizon), watch ? JSON.stringify(watch) : ''],
    asBuffer(state),
    keptArgument(rollupRetention),
  ];
  return { key, args, script };
}
