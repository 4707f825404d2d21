/**
 * Commits that the store has not answered, because the store is away or its answer was lost. Such a commit may have been applied.
 * Its readings then look like duplicates when they are tried again. The version of the series tells whether it was applied.
 */

import type { Outcome } from '../domain/outcome.ts';
import type { Planned } from '../planning/plan.ts';
import type { Group } from './reading-queue.ts';
import type { PendingReading } from './ticket.ts';

export interface Applied {
  readonly planned: Planned;
  /** What became of its readings. */
  readonly outcomes: ReadonlyMap<PendingReading, Outcome>;
}

/** Series whose tries are remembered. */
const MOST = 1000;

interface Try extends Applied {
  readonly version: string;
}

export class Unanswered {
  /** The tries of each series, each built on the one before. */
  private readonly tries = new Map<string, Try[]>();

  /** The store has not answered. @param pendings those that it was planned for */
  note({ key, pendings }: Pick<Group, 'key' | 'pendings'>, planned: Planned): void {
    const { version, expectedVersion } = planned.commit;
    if (version === undefined) return;
    const before = this.before(key, expectedVersion);
    // A commit that changes nothing leaves the version as it is.
    if (planned.commit.next !== null || planned.commit.samples.length > 0) {
      const outcomes = new Map(pendings.map((pending, i) => [pending, planned.outcomes[i]!]));
      before.push({ version, planned, outcomes });
    }
    this.tries.delete(key);
    if (before.length > 0) this.tries.set(key, before);
    // What is never tried again, as of requests, is forgotten in the end.
    if (this.tries.size > MOST) this.tries.delete(this.tries.keys().next().value!);
  }

  /** The unanswered commits that a commit builds on: they were applied. To be called once for each commit. */
  settle(key: string, next: Planned): readonly Applied[] {
    if (this.tries.size === 0) return [];
    const applied = this.before(key, next.commit.expectedVersion);
    this.tries.delete(key);
    return applied;
  }

  private before(key: string, version: string | null): Try[] {
    const tries = this.tries.get(key) ?? [];
    return tries.slice(0, tries.findIndex((one) => one.version === version) + 1);
  }
}
