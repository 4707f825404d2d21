/**
 * The messages and requests between arrival and acknowledgement: how many, how large, how long the oldest has waited, and
 * how long each took. Asked only at a scrape, except for the one duration per message.
 */
import { Gauge, Histogram, type Registry } from 'prom-client';
import { DURATION_BUCKETS } from './duration-buckets.ts';
import type { Ticket } from './ticket.ts';

/** Tickets that are over and still held, besides as many as are not. */
const OVER_MAX = 1000;

export class InFlight {
  /** In the order of arrival, with some that are over. */
  private tickets: Ticket[] = [];
  private count = 0;
  private bytes = 0;
  private readonly duration;

  constructor(registry: Registry) {
    const registers = [registry];
    const now = {
      count: () => this.count,
      bytes: () => this.bytes,
      oldest: () => this.tickets.find((one) => !isOver(one)),
    };
    this.duration = new Histogram({
      name: 'vigia_message_duration_seconds',
      help: 'Time of a message or request from its arrival until everything in it was stored (or refused).',
      buckets: [...DURATION_BUCKETS],
      registers,
    });
    new Gauge({
      name: 'vigia_in_flight_messages',
      help: 'Messages and requests taken in and not acknowledged yet.',
      registers,
      collect() {
        this.set(now.count());
      },
    });
    new Gauge({
      name: 'vigia_in_flight_bytes',
      help: 'Topics and payloads of the messages not acknowledged yet.',
      registers,
      collect() {
        this.set(now.bytes());
      },
    });
    new Gauge({
      name: 'vigia_in_flight_oldest_seconds',
      help: 'How long the oldest message or request not acknowledged yet has waited; 0 if there is none.',
      registers,
      collect() {
        const oldest = now.oldest();
        this.set(oldest ? (performance.now() - oldest.arrived) / 1000 : 0);
      },
    });
  }

  /** @param ticket has readings under way */
  add(ticket: Ticket): void {
    this.tickets.push(ticket);
    this.count++;
    this.bytes += size(ticket);
  }

  /** Acknowledged, answered or given up: to be called once. */
  remove(ticket: Ticket): void {
    this.count--;
    this.bytes -= size(ticket);
    this.duration.observe((performance.now() - ticket.arrived) / 1000);
    if (this.tickets.length > 2 * this.count + OVER_MAX)
      this.tickets = this.tickets.filter((one) => !isOver(one));
  }

  /** Tickets that it holds, those over included. */
  get held(): number {
    return this.tickets.length;
  }
}

function isOver({ failed, remaining }: Ticket): boolean {
  return failed || remaining === 0;
}

function size({ message }: Ticket): number {
  return message ? message.topic.length + message.bytes.length : 0;
}
