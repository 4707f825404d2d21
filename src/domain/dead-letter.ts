/** A message or reading that can never be stored as it is, kept whole so that nothing disappears unseen. */
export interface DeadLetter {
  /** Derived from topic and bytes: a redelivered bad message is counted, not kept twice. */
  readonly id: string;
  readonly topic: string;
  /** The message as it came. */
  readonly bytes: Uint8Array;
  /** A stable word: `not-utf8`, `not-json`, `bad-value`, `bad-ts`, `bad-topic`, `in-the-future`, `older-than-retention`, … */
  readonly reason: string;
  /** One sentence that names the offending field and value. */
  readonly detail: string;
  readonly firstTs: number;
  readonly lastTs: number;
  readonly count: number;
}

/** Where one stands among all of them by the time it was last seen. */
export type DeadLetterPlace = Pick<DeadLetter, 'id' | 'lastTs'>;

/** All but the bytes, of which there may be many; `size` says how many. */
export type DeadLetterSummary = Omit<DeadLetter, 'bytes'> & { readonly size: number };
