/**
 * The messages and requests between arrival and acknowledgement: how many there are, how large they are, how long the oldest
 * has waited, and how long each took. Most of it is computed only at a scrape. A ticket that is over is released at once,
 * because a ticket holds its whole message or request.
 */
import { Gauge, Histogram, type Registry } from 'prom-client';
import { DURATION_BUCKETS } from './duration-buckets.ts';
import type { Ticket } from './ticket.ts';

/** What a reading takes in memory on its way, however few bytes it has in its message: 250 to 300 bytes when measured. */
export const READING_BYTES = 300;

export class InFlight {
  /** The tickets form a list in the order of arrival: removing one costs the same wherever it is. */
  private oldest: Ticket | null = null;
  private newest: Ticket | null = null;
  /** Messages and requests that are not acknowledged yet. */
  count = 0;
  private messages = 0;
  private requests = 0;
  private readonly duration;

  constructor(registry: Registry) {
    const registers = [registry];
    this.duration = new Histogram({
      name: 'vigia_message_duration_seconds',
      help: 'Time of a message or request from its arrival until everything in it was stored (or refused).',
      buckets: [...DURATION_BUCKETS],
      registers,
    });
    const gauge = (name: string, help: string, value: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    gauge(
      'vigia_in_flight_messages',
      'Messages and requests received and not acknowledged yet.',
      () => this.count,
    );
    gauge(
      'vigia_in_flight_bytes',
      `Topics and payloads of the messages not acknowledged yet, and ${READING_BYTES} bytes for each reading of the requests.`,
      () => this.messages + this.requests,
    );
    gauge(
      'vigia_in_flight_oldest_seconds',
      'How long the oldest message or request not acknowledged yet has waited; 0 if there is none.',
      () => this.oldestMs / 1000,
    );
  }

  /** @param ticket has readings under way */
  add(ticket: Ticket): void {
    ticket.older = this.newest;
    if (this.newest) this.newest.newer = ticket;
    else this.oldest = ticket;
    this.newest = ticket;
    this.count++;
    this.resize(ticket, 1);
  }

  /** The ticket is acknowledged, answered or given up. To be called once. */
  remove(ticket: Ticket): void {
    const { older, newer } = ticket;
    if (older) older.newer = newer;
    else this.oldest = newer;
    if (newer) newer.older = older;
    else this.newest = older;
    // A ticket that is over must not hold on to others.
    ticket.older = null;
    ticket.newer = null;
    this.count--;
    this.resize(ticket, -1);
    this.duration.observe((performance.now() - ticket.arrived) / 1000);
  }

  /** How long the oldest ticket has waited, ms; 0 if there is none. */
  get oldestMs(): number {
    return this.oldest ? performance.now() - this.oldest.arrived : 0;
  }

  /** How much memory the readings of requests take that are not answered yet, bytes. */
  get requestBytes(): number {
    return this.requests;
  }

  /** Tickets that are held. */
  get held(): number {
    let held = 0;
    for (let ticket = this.oldest; ticket; ticket = ticket.newer) held++;
    return held;
  }

  private resize({ message, elements }: Ticket, sign: 1 | -1): void {
    if (message) this.messages += sign * (message.topic.length + message.bytes.length);
    else this.requests += sign * elements * READING_BYTES;
  }
}
