/**
 * The messages and requests between arrival and acknowledgement: how many, how large, how long the oldest has waited, and
 * how long each took. Asked only at a scrape, except for the one duration per message.
 */
import { Gauge, Histogram, type Registry } from 'prom-client';
import { DURATION_BUCKETS } from './duration-buckets.ts';
import type { Ticket } from './ticket.ts';

export class InFlight {
  /** In the order of arrival. */
  private readonly tickets = new Set<Ticket>();
  private bytes = 0;
  private readonly duration;

  constructor(registry: Registry) {
    const registers = [registry];
    const { tickets } = this;
    const bytesNow = () => this.bytes;
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
        this.set(tickets.size);
      },
    });
    new Gauge({
      name: 'vigia_in_flight_bytes',
      help: 'Topics and payloads of the messages not acknowledged yet.',
      registers,
      collect() {
        this.set(bytesNow());
      },
    });
    new Gauge({
      name: 'vigia_in_flight_oldest_seconds',
      help: 'How long the oldest message or request not acknowledged yet has waited; 0 if there is none.',
      registers,
      collect() {
        const [oldest] = tickets;
        this.set(oldest ? (performance.now() - oldest.arrived) / 1000 : 0);
      },
    });
  }

  add(ticket: Ticket): void {
    this.tickets.add(ticket);
    this.bytes += size(ticket);
  }

  /** Acknowledged, answered or given up. */
  remove(ticket: Ticket): void {
    if (!this.tickets.delete(ticket)) return;
    this.bytes -= size(ticket);
    this.duration.observe((performance.now() - ticket.arrived) / 1000);
  }
}

function size({ delivery }: Ticket): number {
  return delivery ? delivery.topic.length + delivery.bytes.length : 0;
}
