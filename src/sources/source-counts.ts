/** What each source has seen and left out, in plain numbers; a scrape turns them into metrics. */
import type { Ignored } from '../codecs/codec.ts';
import type { Decoded } from '../domain/decoded.ts';

/** Of one source. */
export class SourceCount {
  messages = 0;
  readings = 0;
  /** Null words, empty payloads and values that are null. */
  nulls = 0;
  /** Elements that became dead letters. */
  problems = 0;
  /** By reason. */
  readonly ignored = new Map<string, number>();

  constructor(readonly source: string) {}

  add(decoded: readonly Decoded[], ignored: readonly Ignored[]): void {
    this.messages++;
    for (const each of decoded) {
      if ('reading' in each) this.readings++;
      else this.problems++;
    }
    for (const { reason } of ignored) {
      if (reason === 'null' || reason === 'empty') this.nulls++;
      else this.ignored.set(reason, (this.ignored.get(reason) ?? 0) + 1);
    }
  }
}

/** Topics that no source takes: counted, and the newest kept for whoever asks. */
export class UnmatchedTopics {
  private readonly newest = new Map<string, number>();
  count = 0;

  constructor(private readonly most = 20) {}

  add(topic: string, at: number): void {
    this.count++;
    // Again at the end: the first are the oldest.
    this.newest.delete(topic);
    this.newest.set(topic.slice(0, 500), at);
    if (this.newest.size > this.most) this.newest.delete(this.newest.keys().next().value!);
  }

  /** The newest first, with the time of their last message, ms. */
  list(): { topic: string; at: number }[] {
    return [...this.newest].map(([topic, at]) => ({ topic, at })).reverse();
  }
}
