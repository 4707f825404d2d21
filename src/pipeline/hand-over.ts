/**
 * Readings go from the replica that a shared subscription gave them to, to the one that their series belongs to, and are
 * acknowledged when that one has committed them. Replicas that each commit a share of the same series get in each other's
 * way: every commit makes the others' knowledge of the series stale, and readings late that would have come in order.
 *
 * Nothing rests on it but speed. Whatever is not answered (the message or the answer is lost, the other replica dies,
 * declines or has no store) is committed here, under the version check like every commit; what the other one has
 * committed all the same is a duplicate then. Readings without a time of their own stay here, because of those a second
 * try would not be a duplicate.
 */
import type { Logger } from 'pino';
import type { IncomingReading } from '../domain/reading.ts';
import type { PubSub } from '../store/store.ts';
import { Neighbours, PROTOCOL } from './neighbours.ts';
import type { Pending } from './ticket.ts';

/** The last resort, for a message lost on a connection that seemed to hold. */
const ANSWER_WITHIN_MS = 60_000;
const CHECK_EVERY_MS = 1000;
/** Until an answer that could not be sent is sent again, ms. */
const RETRY_MS = 100;

/** How each reading of a series ended, in their order; null: commit them yourself. */
export type Answer = readonly ('committed' | 'duplicate')[] | null;

export interface HandOverOptions {
  readonly pubSub: PubSub;
  readonly group: string;
  /** Another replica's readings of one series, in the order it got them. */
  readonly assist: (
    from: string,
    readings: readonly IncomingReading[],
    answer: (answer: Answer) => void,
  ) => void;
  readonly answered: (pending: Pending, result: 'committed' | 'duplicate') => void;
  /** To be committed here after all. */
  readonly returned: (pendings: readonly Pending[]) => void;
  readonly logger: Logger;
  readonly now: () => number;
}

interface Parcel {
  readonly to: string;
  readonly number: number;
  /** ms */
  readonly since: number;
  readonly sent: number;
  readonly series: Map<string, Pending[]>;
  /** The same in the order of the message; null once answered. */
  readonly lists: (Pending[] | null)[];
  /** Series not answered yet. */
  left: number;
}

type ReadingsMessage = [
  from: string,
  number: number,
  series: [sensor: string, metric: string, ...number[]][],
];
type AnswersMessage = [number: number, series: number, results: string | null][];

const LETTERS = { committed: 'c', duplicate: 'd' } as const;

export class HandOver {
  private readonly neighbours: Neighbours;
  private readonly parcels = new Map<number, Parcel>();
  /** Being filled, by replica. */
  private readonly open = new Map<string, Parcel>();
  private readonly answers = new Map<string, AnswersMessage>();
  private flushing = false;
  private leaving = false;
  private closed = false;
  private next = 0;
  private timer: NodeJS.Timeout | null = null;
  private readonly ends: (() => void)[] = [];

  constructor(private readonly options: HandOverOptions) {
    const { pubSub, group } = options;
    this.neighbours = new Neighbours(pubSub, group, (id) => this.takeBack(({ to }) => to === id));
  }

  start(): void {
    const { pubSub } = this.options;
    const { id } = this.neighbours;
    this.ends.push(
      pubSub.subscribe(readingsFor(id), (message) =>
        this.read(message, (parcel: ReadingsMessage) => this.take(parcel)),
      ),
      pubSub.subscribe(answersFor(id), (message) =>
        this.read(message, (answers: AnswersMessage) => this.settle(answers)),
      ),
    );
    this.neighbours.start();
    this.timer = setInterval(() => {
      const oldest = performance.now() - ANSWER_WITHIN_MS;
      this.takeBack(({ sent }) => sent < oldest);
    }, CHECK_EVERY_MS).unref();
  }

  /** Other replicas that take readings. */
  get replicas(): number {
    return this.neighbours.count;
  }

  /** Since when the reading that has waited longest for its answer does, ms; infinite while none does. */
  get waitingSince(): number {
    for (const { since } of this.parcels.values()) return since;
    return Number.POSITIVE_INFINITY;
  }

  /** @returns whether another replica gets it; if so it comes back by `answered` or `returned` */
  offer(pending: Pending): boolean {
    const { sensor, metric, ts } = pending.reading!;
    if (this.leaving || ts === undefined) return false;
    const name = `${sensor}\n${metric}`;
    const to = this.neighbours.ownerOf(name);
    if (to === null) return false;
    let parcel = this.open.get(to);
    if (!parcel) {
      const number = this.next++;
      const [since, sent] = [this.options.now(), performance.now()];
      parcel = { to, number, since, sent, series: new Map(), lists: [], left: 0 };
      this.open.set(to, parcel);
      this.parcels.set(number, parcel);
      this.flushSoon();
    }
    const list = parcel.series.get(name);
    if (list) list.push(pending);
    else {
      const list = [pending];
      parcel.series.set(name, list);
      parcel.lists.push(list);
      parcel.left++;
    }
    return true;
  }

  /** Neither gives nor takes any more; what is under way goes on. */
  leave(): void {
    this.leaving = true;
    this.neighbours.leave();
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer) clearInterval(this.timer);
    for (const end of this.ends) end();
    await Promise.all([...this.answers].map(([to]) => this.sendAnswers(to)));
    await this.neighbours.close();
  }

  /** All that came with one turn of the event loop goes together. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      for (const parcel of this.open.values()) this.send(parcel);
      this.open.clear();
      for (const to of [...this.answers.keys()]) void this.sendAnswers(to);
    });
  }

  private send(parcel: Parcel): void {
    const { to, number, lists } = parcel;
    const series = lists.map((list) => {
      const { sensor, metric } = list![0]!.reading!;
      const message: (string | number)[] = [sensor, metric];
      for (const { reading } of list!) message.push(reading!.ts!, reading!.value);
      return message;
    });
    const message = JSON.stringify([this.neighbours.id, number, series]);
    const back = () => this.takeBack((other) => other === parcel);
    this.options.pubSub.publish(readingsFor(to), message).then((receivers) => {
      // Not where it is unknown: taken back while the other one commits it, it would be committed twice.
      if (receivers === 0) back();
    }, back);
  }

  private takeBack(which: (parcel: Parcel) => boolean): void {
    for (const parcel of [...this.parcels.values()]) {
      if (!which(parcel)) continue;
      this.parcels.delete(parcel.number);
      if (this.open.get(parcel.to) === parcel) this.open.delete(parcel.to);
      this.options.returned(parcel.lists.flatMap((list) => list ?? []));
    }
  }

  private read<T>(message: string, use: (parsed: T) => void): void {
    try {
      use(JSON.parse(message));
    } catch (error) {
      this.options.logger.warn({ err: error }, 'a message between replicas cannot be read');
    }
  }

  /** Answers to parcels of this replica. Those that were taken back are gone. */
  private settle(answers: AnswersMessage): void {
    for (const [number, series, results] of answers) {
      const parcel = this.parcels.get(number);
      const list = parcel?.lists[series];
      if (!parcel || !list) continue;
      parcel.lists[series] = null;
      if (--parcel.left === 0) this.parcels.delete(number);
      if (results === null) this.options.returned(list);
      else
        for (const [i, pending] of list.entries())
          this.options.answered(pending, results[i] === LETTERS.committed ? 'committed' : 'duplicate');
    }
  }

  /** A parcel of another replica. */
  private take([from, number, series]: ReadingsMessage): void {
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
      this.options.assist(from, readings, answer);
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
      // If nobody hears it, the other replica has noticed that it is deaf, and commits them itself.
      await this.options.pubSub.publish(answersFor(to), JSON.stringify(answers));
    } catch {
      if (this.closed) return;
      // It may have arrived all the same; a second answer is ignored.
      this.answers.set(to, [...answers, ...(this.answers.get(to) ?? [])]);
      setTimeout(() => this.flushSoon(), RETRY_MS).unref();
    }
  }
}

const readingsFor = (id: string) => `replica:${PROTOCOL}:${id}:readings`;
const answersFor = (id: string) => `replica:${PROTOCOL}:${id}:answers`;
