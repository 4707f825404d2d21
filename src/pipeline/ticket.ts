/**
 * What a message or a request becomes on its way through the pipeline. Its readings travel one by one, possibly in several
 * batches. The ticket finishes when the last of them has its outcome.
 */
import type { Decoded, Problem } from '../domain/decoded.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { IncomingReading } from '../domain/reading.ts';
import type { VigiaError } from '../errors.ts';
import type { Message } from './message.ts';

export type Result = 'committed' | 'duplicate' | 'dead_lettered' | 'rejected';

export interface Ticket {
  /** When it came, on the clock of `performance.now()`, ms. */
  readonly arrived: number;
  /** Set for messages; null for requests and for readings of a peer. */
  readonly message: Message | null;
  /** False for readings of a peer, which counts them itself. */
  readonly counted: boolean;
  /** Id of the HTTP request, if it was one: its errors are logged under it. */
  readonly requestId: string | undefined;
  /** How many readings, bad elements included, the message or request has. */
  readonly elements: number;
  /** Its readings that are on their way and have no outcome yet. */
  remaining: number;
  /** Called once, after the last outcome. */
  done(): void;
  /** Called at most once and instead of `done`: requests only. */
  fail(error: VigiaError): void;
  failed: boolean;
  /** The tickets before and after it in the order of arrival, see `InFlight`. */
  older: Ticket | null;
  newer: Ticket | null;
}

/** The ticket of a message. There are thousands at a time, so what all have in common is not in each. */
export class MessageTicket implements Ticket {
  remaining = 0;
  failed = false;
  older: Ticket | null = null;
  newer: Ticket | null = null;

  constructor(
    readonly message: Message,
    readonly elements: number,
    readonly arrived: number,
  ) {}

  get counted(): boolean {
    return true;
  }

  get requestId(): undefined {
    return undefined;
  }

  done(): void {
    this.message.ack();
  }

  /** Messages are not answered. */
  fail(): void {}
}

/** One reading (or one element that is no reading) on its way. */
export interface PendingReading {
  readonly ticket: Ticket;
  readonly index: number;
  readonly reading: IncomingReading | null;
  /** Set also where the reading turns out to be one that cannot be stored. */
  problem: Problem | null;
  /** See `WithReading`: whoever sent a request can send it again. */
  readonly mayRunAhead: boolean;
  /** null until it has ended. */
  outcome: Outcome | null;
}

/** @param index of the element in its message or request */
export function pendingReading(ticket: Ticket, index: number, element: Decoded): PendingReading {
  const reading = 'reading' in element ? element.reading : null;
  const problem = 'problem' in element ? element.problem : null;
  return { ticket, index, reading, problem, mayRunAhead: ticket.message !== null, outcome: null };
}

/** When the first of these came, on the clock of `performance.now()`, ms; infinite without any. */
export function firstArrival(pendings: readonly PendingReading[]): number {
  let first = Number.POSITIVE_INFINITY;
  for (const { ticket } of pendings) first = Math.min(first, ticket.arrived);
  return first;
}

/** Where readings came from, for the log: each message and request once, at most `max` of them. */
export function origins(pendings: Iterable<PendingReading>, max = 5): object[] {
  const tickets = new Set<Ticket>();
  for (const { ticket } of pendings) {
    tickets.add(ticket);
    if (tickets.size >= max) break;
  }
  return [...tickets].map(({ message, requestId }) =>
    message ? { topic: message.topic, packetId: message.packetId } : { requestId },
  );
}
