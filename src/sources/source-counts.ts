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

/** Topics whose newest message is kept, and the largest message that is. */
const [TOPICS_MAX, SAMPLE_MAX] = [500, 4096];
const TOPIC_LENGTH_MAX = 500;
/** A message is kept at most this often for each topic, ms. */
const SAMPLE_EVERY_MS = 1000;
const NOTHING = new Uint8Array();

interface Unmatched {
  /** When its last message came, ms. */
  at: number;
  messages: number;
  /** Its last message but for a second; empty where that was too large. */
  sample: Uint8Array;
  sampledAt: number;
}

/** Topics that no source takes: counted, and the newest kept for whoever asks, each with a message. */
export class UnmatchedTopics {
  private readonly topics = new Map<string, Unmatched>();
  count = 0;

  add(topic: string, at: number, bytes: Uint8Array = NOTHING): void {
    this.count++;
    const name = topic.slice(0, TOPIC_LENGTH_MAX);
    const known = this.topics.get(name) ?? { at, messages: 0, sample: NOTHING, sampledAt: -Infinity };
    known.at = at;
    known.messages++;
    if (at - known.sampledAt >= SAMPLE_EVERY_MS && bytes.length <= SAMPLE_MAX && name === topic) {
      known.sample = Uint8Array.from(bytes);
      known.sampledAt = at;
    }
    // Again at the end: the first are the oldest.
    this.topics.delete(name);
    this.topics.set(name, known);
    if (this.topics.size > TOPICS_MAX) this.topics.delete(this.topics.keys().next().value!);
  }

  /** The newest first, with the time of their last message, ms. */
  list(most = 20): { topic: string; at: number }[] {
    return [...this.topics]
      .slice(-most)
      .map(([topic, { at }]) => ({ topic, at }))
      .reverse();
  }

  /** Messages of the topics, each the newest but for a second. */
  *samples(): Generator<{ topic: string; messages: number; bytes: Uint8Array }> {
    for (const [topic, { messages, sample }] of this.topics)
      if (sample.length > 0) yield { topic, messages, bytes: sample };
  }
}
