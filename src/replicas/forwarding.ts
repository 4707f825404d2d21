/**
 * Forwarding: a replica sends readings that a shared subscription gave to it to the peer that owns their series. It
 * acknowledges them when that peer has committed them. Without forwarding, replicas that each commit a share of the same
 * series disturb each other: every commit makes the other replicas' knowledge of the series stale, and readings that came in
 * order become late.
 *
 * Only speed depends on forwarding. A reading may stay unanswered because a message is lost, the peer dies, the peer declines
 * or the peer has no store. Then this replica commits the reading itself, under the version check like every commit. If the
 * peer has committed the reading as well, the second commit finds a duplicate. Readings without a time of their own are never
 * forwarded, because a second commit of them would not find a duplicate.
 */
import type { Logger } from 'pino';
import type { IncomingReading } from '../domain/reading.ts';
import type { PubSub } from '../store/store.ts';
import { Peers, PROTOCOL } from './peers.ts';

/** The last resort, for a message that is lost although the connection seems to hold. */
const ANSWER_WITHIN_MS = 60_000;
const CHECK_EVERY_MS = 1000;
/** Until an answer that could not be sent is sent again, ms. */
const RETRY_MS = 100;

/** What is forwarded: an item of the pipeline. */
export interface Forwardable {
  readonly reading: IncomingReading | null;
}

export type ForwardedResult = 'committed' | 'duplicate';

/** How each reading of a series ended, in their order; null: the peer declines, commit them yourself. */
export type Answer = readonly ForwardedResult[] | null;

export interface ForwardingOptions<T extends Forwardable> {
  readonly pubSub: PubSub;
  readonly group: string;
  /** Gets a peer's readings of one series, in the order in which the peer received them. */
  readonly accept: (
    from: string,
    readings: readonly IncomingReading[],
    answer: (answer: Answer) => void,
  ) => void;
  readonly answered: (item: T, result: ForwardedResult) => void;
  /** Gets items that this replica has to commit itself after all. */
  readonly returned: (items: readonly T[]) => void;
  readonly logger: Logger;
  readonly now: () => number;
  /** How long to wait for the answer of a peer that seems to be there, ms; default one minute. */
  readonly answerWithinMs?: number;
}

/** Readings that go to one peer in one message. */
interface Batch<T> {
  readonly to: string;
  readonly number: number;
  /** When its first reading came, ms. */
  readonly since: number;
  /** The same moment on the clock of `performance.now()`, ms. */
  readonly sent: number;
  readonly series: Map<string, T[]>;
  /** The values of `series` in the order of the message; null once answered. */
  readonly lists: (T[] | null)[];
  /** Series that are not answered yet. */
  left: number;
}

type ReadingsMessage = [
  from: string,
  number: number,
  series: [sensor: string, metric: string, ...number[]][],
];
type AnswersMessage = [number: number, series: number, results: string | null][];

const LETTERS = { committed: 'c', duplicate: 'd' } as const;

export class Forwarding<T extends Forwardable> {
  private readonly others: Peers;
  private readonly batches = new Map<number, Batch<T>>();
  /** Batches that are being filled, by peer. */
  private readonly open = new Map<string, Batch<T>>();
  /** Answers to be sent, by peer. */
  private readonly answers = new Map<string, AnswersMessage>();
  private flushing = false;
  private leaving = false;
  private closed = false;
  private next = 0;
  private timer: NodeJS.Timeout | null = null;
  private readonly ends: (() => void)[] = [];

  constructor(private readonly options: ForwardingOptions<T>) {
    const { pubSub, group } = options;
    this.others = new Peers(pubSub, group, (id) => this.takeBack(({ to }) => to === id));
  }

  start(): void {
    const { pubSub, answerWithinMs = ANSWER_WITHIN_MS } = this.options;
    const { id } = this.others;
    this.ends.push(
      pubSub.subscribe(readingsFor(id), (message) =>
        this.parse(message, (batch: ReadingsMessage) => this.accept(batch)),
      ),
      pubSub.subscribe(answersFor(id), (message) =>
        this.parse(message, (answers: AnswersMessage) => this.settle(answers)),
      ),
    );
    this.others.start();
    this.timer = setInterval(
      () => {
        const oldest = performance.now() - answerWithinMs;
        this.takeBack(({ sent }) => sent < oldest);
      },
      Math.min(CHECK_EVERY_MS, answerWithinMs),
    ).unref();
  }

  /** Peers that accept readings now. */
  get peers(): number {
    return this.others.count;
  }

  /** When the oldest reading came that no peer has answered yet, ms; infinite if there is none. */
  get unansweredSince(): number {
    for (const { since } of this.batches.values()) return since;
    return Number.POSITIVE_INFINITY;
  }

  /** @returns whether a peer gets the item; if so, `answered` or `returned` is called with it later */
  offer(item: T): boolean {
    const { sensor, metric, ts } = item.reading!;
    if (this.leaving || ts === undefined) return false;
    const name = `${sensor}\n${metric}`;
    const to = this.others.ownerOf(name);
    if (to === null) return false;
    let batch = this.open.get(to);
    if (!batch) {
      const number = this.next++;
      const [since, sent] = [this.options.now(), performance.now()];
      batch = { to, number, since, sent, series: new Map(), lists: [], left: 0 };
      this.open.set(to, batch);
      this.batches.set(number, batch);
      this.flushSoon();
    }
    const list = batch.series.get(name);
    if (list) list.push(item);
    else {
      const list = [item];
      batch.series.set(name, list);
      batch.lists.push(list);
      batch.left++;
    }
    return true;
  }

  /** Neither forwards nor accepts from now on. What is under way goes on. */
  leave(): void {
    this.leaving = true;
    this.others.leave();
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer) clearInterval(this.timer);
    for (const end of this.ends) end();
    await Promise.all([...this.answers].map(([to]) => this.sendAnswers(to)));
    await this.others.close();
  }

  /** Sends everything that one turn of the event loop brings in one message per peer. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      for (const batch of this.open.values()) this.send(batch);
      this.open.clear();
      for (const to of [...this.answers.keys()]) void this.sendAnswers(to);
    });
  }

  private send(batch: Batch<T>): void {
    const { to, number, lists } = batch;
    const series = lists.map((list) => {
      const { sensor, metric } = list![0]!.reading!;
      const message: (string | number)[] = [sensor, metric];
      for (const { reading } of list!) message.push(reading!.ts!, reading!.value);
      return message;
    });
    const message = JSON.stringify([this.others.id, number, series]);
    const back = () => this.takeBack((other) => other === batch);
    this.options.pubSub.publish(readingsFor(to), message).then((receivers) => {
      // Only if it is certain that no peer got the message. Otherwise both replicas would commit the readings at once.
      if (receivers === 0) back();
    }, back);
  }

  /** Gives up waiting for the answers to these batches. */
  private takeBack(which: (batch: Batch<T>) => boolean): void {
    for (const batch of [...this.batches.values()]) {
      if (!which(batch)) continue;
      this.batches.delete(batch.number);
      if (this.open.get(batch.to) === batch) this.open.delete(batch.to);
      this.options.returned(batch.lists.flatMap((list) => list ?? []));
    }
  }

  private parse<M>(message: string, use: (parsed: M) => void): void {
    try {
      use(JSON.parse(message));
    } catch (error) {
      this.options.logger.warn({ err: error }, 'a message between replicas cannot be read');
    }
  }

  /** Handles answers to batches of this replica. Answers to batches that were taken back are ignored. */
  private settle(answers: AnswersMessage): void {
    for (const [number, series, results] of answers) {
      const batch = this.batches.get(number);
      const list = batch?.lists[series];
      if (!batch || !list) continue;
      batch.lists[series] = null;
      if (--batch.left === 0) this.batches.delete(number);
      if (results === null) this.options.returned(list);
      else
        for (const [i, item] of list.entries())
          this.options.answered(item, results[i] === LETTERS.committed ? 'committed' : 'duplicate');
    }
  }

  /** Accepts or declines a batch of a peer. */
  private accept([from, number, series]: ReadingsMessage): void {
    for (const [index, message] of series.entries()) {
      const answer = (answer: Answer) => this.answer(from, number, index, answer);
      if (this.leaving) {
        answer(null);
        continue;
      }
      const [sensor, metric] = message;
      const readings: IncomingReading[] = [];
      for (let i = 2; i < message.length; i += 2)
        readings.push({ sensor, metric, ts: message[i] as number, value: message[i + 1] as number });
      this.options.accept(from, readings, answer);
    }
  }

  private answer(to: string, number: number, series: number, answer: Answer): void {
    const results = answer?.map((result) => LETTERS[result]).join('') ?? null;
    const waiting = this.answers.get(to);
    if (waiting) waiting.push([number, series, results]);
    else this.answers.set(to, [[number, series, results]]);
    this.flushSoon();
  }

  private async sendAnswers(to: string): Promise<void> {
    const answers = this.answers.get(to) ?? [];
    this.answers.delete(to);
    try {
      // If nobody receives the answers, that peer has lost its subscription. It notices, and commits the readings itself.
      await this.options.pubSub.publish(answersFor(to), JSON.stringify(answers));
    } catch {
      if (this.closed) return;
      // The answers may have arrived all the same. The peer ignores a second answer.
      this.answers.set(to, [...answers, ...(this.answers.get(to) ?? [])]);
      setTimeout(() => this.flushSoon(), RETRY_MS).unref();
    }
  }
}

const readingsFor = (id: string) => `replica:${PROTOCOL}:${id}:readings`;
const answersFor = (id: string) => `replica:${PROTOCOL}:${id}:answers`;
