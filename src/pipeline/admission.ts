/**
 * The ways into the pipeline: messages, replayed dead letters, requests, and readings that a peer forwards. Each gets a ticket
 * and its readings go into the queue, or to the peer that owns their series.
 */

import type { DeadLetter } from '../domain/dead-letter.ts';
import type { Decoded } from '../domain/decoded.ts';
import { spokenDuration } from '../domain/duration.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { IncomingReading } from '../domain/reading.ts';
import { StoreUnavailable } from '../errors.ts';
import type { Answer } from '../replicas/forwarding.ts';
import type { ReplicaGroup } from '../replicas/replica-group.ts';
import type { Accounting } from './accounting.ts';
import { deadLetterIds } from './dead-letter-id.ts';
import type { Endings } from './endings.ts';
import { answerOf } from './forwarded.ts';
import { clockProblem, type GuardLimits, type Times } from './guard.ts';
import { READING_BYTES } from './in-flight.ts';
import type { Message } from './message.ts';
import type { Outage } from './outage.ts';
import type { Shutdown } from './shutdown.ts';
import { MessageTicket, type PendingReading, pendingReading, type Ticket } from './ticket.ts';

export interface AdmissionOptions {
  readonly accounting: Accounting;
  readonly endings: Endings;
  readonly outage: Outage;
  readonly guard: GuardLimits;
  /** How long a request waits for its commit, ms. */
  readonly deadlineMs: number;
  /** Memory that the readings of all waiting requests may take together, bytes; a request always fits alone. */
  readonly maxRequestBytes: number;
  /** Puts readings into the queue. */
  readonly enqueue: (pendings: readonly PendingReading[]) => void;
  readonly replicas: ReplicaGroup<PendingReading> | null;
  readonly shutdown: Shutdown;
  readonly between: () => Times;
}

export class Admission {
  constructor(private readonly options: AdmissionOptions) {}

  /**
   * Takes in a message. Its `ack` is called once everything in it is stored.
   * @param elements what was decoded from it, at least one
   * @param arrived before it was decoded, on the clock of `performance.now()`, ms
   * @param letter id of a dead letter of the message: only the element that became this letter is taken in
   * @returns what is on its way
   */
  deliver(
    message: Message,
    elements: readonly Decoded[],
    arrived: number,
    letter?: string,
  ): readonly PendingReading[] {
    this.options.accounting.batches.decoded(performance.now() - arrived);
    const ticket = new MessageTicket(message, elements.length, arrived);
    let pendings = elements.map((element, index) => pendingReading(ticket, index, element));
    if (letter !== undefined) pendings = behind(letter, message, pendings);
    if (message.retained) pendings = this.dated(pendings);
    if (pendings.length === 0) message.ack();
    else this.admit(ticket, pendings);
    return pendings;
  }

  /** See `Replay`. @param elements what is decoded from the letter now */
  replay({ id, topic, bytes }: DeadLetter, elements: readonly Decoded[]): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.requireStore();
      const timer = setTimeout(() => reject(this.late()), this.options.deadlineMs);
      const ack = () => {
        clearTimeout(timer);
        const refused = pendings.find(({ outcome }) => outcome!.status === 'rejected')?.outcome;
        resolve(refused?.status === 'rejected' ? refused.detail : null);
      };
      const pendings = this.deliver({ topic, bytes, ack }, elements, performance.now(), id);
    });
  }

  /** See `Submit`. */
  submit(readings: readonly IncomingReading[], requestId?: string): Promise<Outcome[]> {
    if (readings.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.requireStore();
      this.requireRoom(readings.length);
      const ticket: Ticket = {
        arrived: performance.now(),
        message: null,
        counted: true,
        requestId,
        elements: readings.length,
        remaining: 0,
        done: () => {
          clearTimeout(timer);
          resolve(pendings.map(({ outcome }) => outcome!));
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
        failed: false,
        older: null,
        newer: null,
      };
      const giveUp = () => this.options.endings.failTicket(ticket, this.late());
      const timer = setTimeout(giveUp, this.options.deadlineMs);
      // Adding 0 turns -0 into 0.
      const pendings = readings.map((reading, index) =>
        pendingReading(ticket, index, { reading: { ...reading, value: reading.value + 0 } }),
      );
      this.admit(ticket, pendings);
    });
  }

  /** Takes in readings of one series that a peer has received, counts and acknowledges. */
  acceptForwarded(readings: readonly IncomingReading[], answer: (answer: Answer) => void): void {
    const ticket: Ticket = {
      arrived: performance.now(),
      message: null,
      counted: false,
      requestId: undefined,
      elements: readings.length,
      remaining: readings.length,
      done: () => answer(answerOf(pendings)),
      fail: () => answer(null),
      failed: false,
      older: null,
      newer: null,
    };
    const pendings = readings.map((reading, index) => pendingReading(ticket, index, { reading }));
    this.options.enqueue(pendings);
  }

  /** Nobody knows how old a retained message is: elements that say nothing of their time are ignored. */
  private dated(pendings: PendingReading[]): PendingReading[] {
    const dated = pendings.filter(({ reading }) => !reading || reading.ts !== undefined);
    this.options.accounting.retainedIgnored(pendings.length - dated.length);
    return dated;
  }

  /** Requests fail at once when they cannot succeed. */
  private requireStore(): void {
    const { shutdown, outage } = this.options;
    if (shutdown.begun) throw new StoreUnavailable('shutting down');
    if (outage.error) throw outage.error;
  }

  /** Requests are refused while those that wait already take too much memory. */
  private requireRoom(readings: number): void {
    const { accounting, maxRequestBytes } = this.options;
    const waiting = accounting.requestBytes;
    if (waiting > 0 && waiting + readings * READING_BYTES > maxRequestBytes)
      throw new StoreUnavailable(
        `MAX_IN_FLIGHT_BYTES (${maxRequestBytes}): too many readings wait for their commit`,
      );
  }

  private late(): StoreUnavailable {
    return new StoreUnavailable(
      `not committed within HTTP_DEADLINE (${spokenDuration(this.options.deadlineMs)})`,
    );
  }

  private admit(ticket: Ticket, pendings: readonly PendingReading[]): void {
    const { accounting, enqueue } = this.options;
    ticket.remaining = pendings.length;
    accounting.admitted(ticket, pendings.length);
    if (!ticket.message) enqueue(pendings);
    else if (pendings.length > 1) enqueue(pendings.filter((pending) => !this.forwarded(pending)));
    else if (!this.forwarded(pendings[0]!)) enqueue(pendings);
  }

  /** Whether a peer gets the reading. */
  private forwarded(pending: PendingReading): boolean {
    const ts = pending.reading?.ts;
    const { guard, replicas, between } = this.options;
    if (!replicas?.forwards || ts === undefined) return false;
    if (clockProblem(ts, between(), guard) !== null) return false;
    return replicas.forward(pending, ts, pending.ticket.arrived);
  }
}

/** The element that became a dead letter; all elements where the whole message was bad, or is decoded differently now. */
function behind(letter: string, { topic, bytes }: Message, pendings: PendingReading[]): PendingReading[] {
  const idOf = deadLetterIds(topic, bytes, pendings.length);
  const own = pendings.filter(({ index }) => idOf(index) === letter);
  return own.length > 0 ? own : pendings;
}
