/**
 * This replica as a member of its group: the one door between the pipeline and what replicas do for each other. It forwards
 * readings to the peer that owns their series, accepts those that peers forward, and holds back readings that would make the
 * readings of peers late.
 */
import type { Logger } from 'pino';
import type { IncomingReading } from '../domain/reading.ts';
import type { PubSub } from '../store/store.ts';
import { type Answer, type Forwardable, type ForwardedResult, Forwarding } from './forwarding.ts';
import { Watermark } from './watermark.ts';

export interface ReplicaSettings {
  readonly pubSub: PubSub;
  /** Replicas of one group share a subscription. */
  readonly group: string;
  /** Readings that each replica may have in flight at most. */
  readonly max: number;
  /** See `ForwardingOptions`. */
  readonly answerWithinMs?: number;
}

export interface ReplicaGroupOptions<T extends Forwardable> extends ReplicaSettings {
  /** Whether this replica can commit now. If not, it neither forwards nor accepts. */
  readonly canCommit: () => boolean;
  /** Commits a peer's readings of one series and answers. */
  readonly commit: (readings: readonly IncomingReading[], answer: (answer: Answer) => void) => void;
  readonly answered: (item: T, result: ForwardedResult) => void;
  /** Gets items that this replica has to commit itself after all. */
  readonly returned: (items: readonly T[]) => void;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Name of this replica as a source of the watermark. */
const SELF = '';
/** Share of late readings from which on readings wait for the readings of other replicas. */
const LATE_TOLERATED = 0.005;
/** Readings over which that share is averaged. */
const LATE_OVER = 5000;

export class ReplicaGroup<T extends Forwardable> {
  private readonly forwarding: Forwarding<T>;
  private readonly watermark = new Watermark();
  /** Readings of peers that are not answered yet. */
  private accepted = 0;
  /** The late ones among the last readings committed. */
  private lateShare = 0;

  constructor(private readonly options: ReplicaGroupOptions<T>) {
    this.forwarding = new Forwarding({
      ...options,
      accept: (from, readings, answer) => this.acceptForwarded(from, readings, answer),
    });
  }

  start(): void {
    this.forwarding.start();
  }

  /** Neither forwards nor accepts from now on. What is under way goes on. */
  leave(): void {
    this.forwarding.leave();
  }

  /** Sends the last answers and says goodbye to the peers. */
  close(): Promise<void> {
    return this.forwarding.close();
  }

  /** Peers that accept readings now. */
  get peers(): number {
    return this.forwarding.peers;
  }

  /** When the oldest reading came that no peer has answered yet, ms; infinite if there is none. */
  get unansweredSince(): number {
    return this.forwarding.unansweredSince;
  }

  /**
   * @param ts of the reading; the clock guard must have let it pass
   * @param arrived on the clock of `performance.now()`, ms
   * @returns whether a peer gets the item; if so, `answered` or `returned` is called with it later
   */
  forward(item: T, ts: number, arrived: number): boolean {
    this.watermark.note(SELF, ts, arrived);
    return this.forwarding.offer(item);
  }

  /** Whether `forward` makes sense now. */
  get forwards(): boolean {
    return this.peers > 0 && this.options.canCommit();
  }

  /** Takes account of a commit of this replica. @param late those of the readings that were late and scored */
  committed(readings: number, late: number): void {
    this.lateShare += (late / readings - this.lateShare) * Math.min(1, readings / LATE_OVER);
  }

  /**
   * Says which readings of a queue need not wait for those of peers.
   * @param now on the clock of `performance.now()`, ms
   * @returns null if none has to wait
   */
  readyAt(now: number): ((ts: number, arrived: number) => boolean) | null {
    return this.lateShare < LATE_TOLERATED || this.peers === 0 ? null : this.watermark.ready(now);
  }

  private acceptForwarded(
    from: string,
    readings: readonly IncomingReading[],
    answer: (answer: Answer) => void,
  ): void {
    // As many readings as all peers together may have in flight: each one that is declined disturbs the next commit here.
    const max = this.options.max * Math.max(1, this.peers);
    if (!this.options.canCommit() || this.accepted + readings.length > max) {
      answer(null);
      return;
    }
    this.accepted += readings.length;
    const now = performance.now();
    for (const { ts } of readings) this.watermark.note(from, ts!, now);
    this.options.commit(readings, (answered) => {
      this.accepted -= readings.length;
      answer(answered);
    });
  }
}
