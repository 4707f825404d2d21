/** Whether every primary takes what a commit writes, as durably as REDIS_DURABILITY says: the probe of readiness. */
import { randomBytes } from 'node:crypto';
import { StoreUnavailable } from '../../errors.ts';
import type { SeriesCommit } from '../store.ts';
import { type CommitSettings, commitAnswer, commitCall } from './commit-call.ts';
import { prefixedKeys } from './keys.ts';
import type { Server } from './server.ts';

/** Something of every kind that a commit writes. */
function commitAt(ts: number): SeriesCommit {
  return {
    series: { sensor: 'probe', metric: 'probe' },
    expectedVersion: null,
    samples: [{ ts, value: 1 }],
    verdicts: [{ ts, expected: 1, score: 1 }],
    next: {
      state: randomBytes(64),
      season: randomBytes(64),
      snapshots: [{ n: 1, ts, bytes: randomBytes(64) }],
      oldestSnapshot: 0,
      horizon: -1,
      assignments: [],
      status: 'normal',
    },
    alerts: [
      {
        ...{ rule: 'probe', ts, value: 1, expected: 1, score: 1, limit: null },
        ...{ state: 'open', clearedTs: null },
      },
    ],
    duplicates: 0,
  };
}

/** The time of what the probe writes, ms: long ago, because Redis refuses what its own clock says is in the future. */
const LONG_AGO = 1000;

/** @throws StoreUnavailable with the reason where no primary takes it: series of the others can be stored */
export async function probe(server: Server, settings: CommitSettings): Promise<void> {
  const commit = commitAt(LONG_AGO);
  const results = await Promise.allSettled(
    (await server.primaries()).map(async ({ node, key }) => {
      const call = commitCall(commit, 'probe', LONG_AGO, settings, prefixedKeys(key));
      const [[reply]] = await Promise.all([
        node.commit([call]),
        node.run([{ key, args: ['EXISTS', call.key] }]),
      ]);
      const answer = commitAnswer(commit.series, reply);
      if (answer.status !== 'failed') return;
      throw new StoreUnavailable(`Redis at ${node.name}: ${answer.error.message}`, { cause: answer.error });
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed && results.every((result) => result.status === 'rejected')) throw failed.reason;
}
