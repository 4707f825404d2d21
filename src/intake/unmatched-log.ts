/** Tells the operator which topics no source takes: at most one line a minute, with the newest of them. */
import type { Logger } from 'pino';
import type { UnmatchedTopics } from '../sources/source-counts.ts';

const EVERY_MS = 60_000;
const SHOWN = 5;

export class UnmatchedLog {
  private logged = Number.NEGATIVE_INFINITY;
  private before = 0;

  constructor(
    private readonly topics: UnmatchedTopics,
    private readonly logger: Logger,
    private readonly clock: () => number = performance.now.bind(performance),
  ) {}

  /** A message came on such a topic. */
  look(): void {
    const now = this.clock();
    if (now - this.logged < EVERY_MS) return;
    const { count } = this.topics;
    const topics = this.topics
      .list()
      .slice(0, SHOWN)
      .map(({ topic }) => topic);
    this.logger.info({ messages: count - this.before, topics }, 'messages on topics that no source takes');
    this.logged = now;
    this.before = count;
  }
}
