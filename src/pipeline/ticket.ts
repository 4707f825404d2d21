/**
 * What a delivery or a request becomes on its way through the pipeline: its readings travel one by one, possibly in
 * several batches, and the ticket finishes when the last of them has its outcome.
 */
import type { Problem } from '../codecs/decode.ts';
import type { IncomingReading } from '../domain/reading.ts';
import type { VigiaError } from '../errors.ts';
import type { Outcome } from './outcome.ts';

/** A message of MQTT: bad readings of it become dead letters. */
export interface Delivery {
  readonly topic: string;
  readonly bytes: Uint8Array;
  /** A message that the broker had kept, so its age is unknown: without `ts` it is ignored. */
  readonly retained?: boolean;
  /** The packet identifier, under which an external broker logs the message. */
  readonly packetId?: number | undefined;
  /** Called once, when everything in the message is stored; never called otherwise. */
  ack(): void;
  /** Something in it has to wait, perhaps for long: later messages may be acknowledged before it. */
  giveWay?(): void;
}

export type Result = 'committed' | 'duplicate' | 'dead_lettered' | 'rejected';

export interface Ticket {
  /** When it came, on the clock of `performance.now()`, ms. */
  readonly arrived: number;
  /** Set for messages. */
  readonly delivery: Delivery | null;
  /** False for what another replica has received and counts. */
  readonly counted: boolean;
  /** Of the HTTP request, if it was one: its errors are logged under it. */
  readonly requestId: string | undefined;
  /** How many readings, bad elements included, the message or request has. */
  readonly elements: number;
  /** Those on their way that have no outcome yet. */
  remaining: number;
  /** Called once, after the last outcome. */
  done(): void;
  /** Called at most once and instead of `done`: requests only. */
  fail(error: VigiaError): void;
  failed: boolean;
}

/** Of a message. There are thousands at a time, so what all have in common is not in each. */
export class MessageTicket implements Ticket {
  remaining = 0;
  failed = false;

  constructor(
    readonly delivery: Delivery,
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
    this.delivery.ack();
  }

  /** Messages are not answered. */
  fail(): void {}
}

/** One reading (or one undecodable message) on its way. */
export interface Pending {
  readonly ticket: Ticket;
  readonly index: number;
  readonly reading: IncomingReading | null;
  readonly problem: Problem | null;
  /** null until it has ended. */
  outcome: Outcome | null;
}

/** Where readings came from, for the log: each message and request once, at most `max` of them. */
export function origins(pendings: Iterable<Pending>, max = 5): object[] {
  const tickets = new Set<Ticket>();
  for (const { ticket } of pendings) {
    tickets.add(ticket);
    if (tickets.size >= max) break;
  }
  return [...tickets].map(({ delivery, requestId }) =>
    delivery ? { topic: delivery.topic, packetId: delivery.packetId } : { requestId },
  );
}
