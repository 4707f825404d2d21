/**
 * The accounts of a process (docs/guarantees.md): received = committed + duplicate + dead-lettered + rejected + in flight, at
 * every scrape. All counts change in synchronous steps, so a scrape never sees half of a step. A count that changes with every
 * reading is a plain number, which a scrape turns into a metric: a counter of prom-client takes half a microsecond.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import { BatchMetrics } from './batch-metrics.ts';
import { CommitMetrics } from './commit-metrics.ts';
import { InFlight } from './in-flight.ts';
import { SetBack } from './set-back.ts';
import type { Result, Ticket } from './ticket.ts';

/** Readings of this process since it started. */
export interface Totals {
  readonly received: number;
  readonly committed: number;
  readonly duplicate: number;
  readonly deadLettered: number;
  readonly rejected: number;
  readonly inFlight: number;
}

export class Accounting {
  readonly batches: BatchMetrics;
  readonly commits: CommitMetrics;
  readonly setBack: SetBack;
  private readonly deadLetterReasons;
  private readonly stale;
  private readonly dropped;
  private readonly retained;
  private readonly tickets: InFlight;
  private flying = 0;
  private readonly endings = { committed: 0, duplicate: 0, dead_lettered: 0, rejected: 0 } satisfies Record<
    Result,
    number
  >;
  private readonly forwardings = { answered: 0, returned: 0 };

  constructor(registry: Registry) {
    const registers = [registry];
    this.batches = new BatchMetrics(registry);
    this.commits = new CommitMetrics(registry);
    this.setBack = new SetBack(registry);
    this.tickets = new InFlight(registry);
    this.registerTotals(registers);
    this.deadLetterReasons = new Counter({
      name: 'vigia_dead_lettered_total',
      help: 'Readings kept as dead letters, by reason.',
      labelNames: ['reason'],
      registers,
    });
    this.stale = new Gauge({
      name: 'vigia_series_silent',
      help: 'Series with an open alert of the rule missing.',
      registers,
    });
    this.dropped = new Counter({
      name: 'vigia_dead_letters_dropped_total',
      help: 'Dead letters dropped because DEAD_LETTER_MAX was reached.',
      registers,
    });
    this.retained = new Counter({
      name: 'vigia_retained_ignored_total',
      help: 'Readings without a time in messages that the broker had retained: ignored, not counted as received.',
      registers,
    });
  }

  private registerTotals(registers: Registry[]): void {
    const { endings, forwardings } = this;
    const totals = () => this.totals;
    new Counter({
      name: 'vigia_readings_received_total',
      help: 'Readings received; an undecodable message counts as one.',
      registers,
      collect() {
        this.reset();
        this.inc(totals().received);
      },
    });
    new Counter({
      name: 'vigia_readings_total',
      help: 'Readings by how they ended.',
      labelNames: ['result'],
      registers,
      collect() {
        setAll(this, 'result', endings);
      },
    });
    new Gauge({
      name: 'vigia_readings_in_flight',
      help: 'Readings received that have not ended yet.',
      registers,
      collect() {
        this.set(totals().inFlight);
      },
    });
    new Counter({
      name: 'vigia_readings_handed_over_total',
      help: 'Readings forwarded to the replica that their series belongs to: answered by it, or returned to be committed here.',
      labelNames: ['result'],
      registers,
      collect() {
        setAll(this, 'result', forwardings);
      },
    });
  }

  /** How much memory the readings of requests take that are not answered yet, bytes. */
  get requestBytes(): number {
    return this.tickets.requestBytes;
  }

  /** Messages and requests that are not acknowledged yet, and how long the oldest has waited, ms. */
  get held(): { readonly count: number; readonly oldestMs: number } {
    const { count, oldestMs } = this.tickets;
    return { count, oldestMs };
  }

  /** As the metrics of the same names; `received` is the sum of the others. */
  get totals(): Totals {
    const { committed, duplicate, dead_lettered: deadLettered, rejected } = this.endings;
    const inFlight = this.flying;
    const received = committed + duplicate + deadLettered + rejected + inFlight;
    return { received, committed, duplicate, deadLettered, rejected, inFlight };
  }

  received(n: number): void {
    this.flying += n;
  }

  ended(result: Result, n = 1): void {
    this.endings[result] += n;
    this.flying -= n;
  }

  /** Readings were forwarded, and a peer has answered or they have come back. */
  forwarded(result: 'answered' | 'returned', n: number): void {
    this.forwardings[result] += n;
  }

  deadLettered(reason: string): void {
    this.deadLetterReasons.inc({ reason });
  }

  staleSeries(n: number): void {
    this.stale.set(n);
  }

  deadLettersDropped(n: number): void {
    this.dropped.inc(n);
  }

  retainedIgnored(n: number): void {
    this.retained.inc(n);
  }

  /** A message or request was admitted with its readings, which count one by one from here on. */
  admitted(ticket: Ticket, readings: number): void {
    this.tickets.add(ticket);
    this.received(readings);
  }

  /** All readings of it have ended. */
  finished(ticket: Ticket): void {
    if (ticket.counted) this.tickets.remove(ticket);
  }
}

/** What is counted elsewhere, by the values of one label. */
function setAll(counter: Counter, label: string, counts: Readonly<Record<string, number>>): void {
  counter.reset();
  for (const [value, count] of Object.entries(counts)) counter.inc({ [label]: value }, count);
}
