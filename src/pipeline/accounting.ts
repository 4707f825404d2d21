/**
 * Promise 4: received = committed + duplicate + dead-lettered + rejected + in flight, at every scrape. All counts
 * change in synchronous steps, so a scrape never sees half of one. What is counted for every reading is counted in plain
 * numbers that only a scrape turns into metrics: a counter of prom-client takes half a microsecond.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ComparisonGain } from '../detect/shadow.ts';
import type { AlertState } from '../domain/alert.ts';
import { DURATION_BUCKETS } from './duration-buckets.ts';
import { InFlight } from './in-flight.ts';
import { ShadowMetrics } from './shadow-metrics.ts';
import type { Result, Ticket } from './ticket.ts';

/**
 * Where the time of a batch goes: `decode` all of its messages, `queue` how long the one that arrived first waited, `plan`
 * (reading states), `score` and `commit`.
 */
export type Stage = 'decode' | 'queue' | 'plan' | 'score' | 'commit';

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
  private readonly conflicts;
  private readonly late;
  private readonly retries;
  private readonly alerts;
  private readonly deadLetterReasons;
  private readonly silent;
  private readonly dropped;
  private readonly retained;
  private readonly shadow;
  private readonly batchSize;
  private readonly stages;
  private readonly inFlightTickets;
  private flying = 0;
  /** Time spent on decoding since the last batch began, ms. */
  private decoding = 0;
  private readonly endings = { committed: 0, duplicate: 0, dead_lettered: 0, rejected: 0 } satisfies Record<
    Result,
    number
  >;
  private readonly handed = { answered: 0, returned: 0 };
  private commits = 0;
  private newest = 0;
  private committedAt = 0;

  constructor(registry: Registry) {
    const registers = [registry];
    const { endings, handed } = this;
    const totals = () => this.totals;
    new Counter({
      name: 'vigia_readings_received_total',
      help: 'Readings taken in; an undecodable message counts as one.',
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
    this.conflicts = new Counter({
      name: 'vigia_readings_conflict_total',
      help: 'Readings with another value than the stored one at their timestamp; the greater value stays.',
      registers,
    });
    this.late = new Counter({
      name: 'vigia_readings_late_total',
      help: 'Readings older than the newest of their series, by whether they were scored.',
      labelNames: ['scored'],
      registers,
    });
    for (const scored of ['yes', 'no']) this.late.inc({ scored }, 0);
    this.retries = new Counter({
      name: 'vigia_commit_retries_total',
      help: 'Commits of a series done again because another replica committed first.',
      registers,
    });
    const commits = () => this.commits;
    new Counter({
      name: 'vigia_commits_total',
      help: 'Series commits applied.',
      registers,
      collect() {
        this.reset();
        this.inc(commits());
      },
    });
    this.alerts = new Counter({
      name: 'vigia_alert_changes_total',
      help: 'Changes of alerts, by the state they went to.',
      labelNames: ['state'],
      registers,
    });
    for (const state of ['open', 'cleared', 'retracted'] satisfies AlertState[])
      this.alerts.inc({ state }, 0);
    this.deadLetterReasons = new Counter({
      name: 'vigia_dead_lettered_total',
      help: 'Readings kept as dead letters, by reason.',
      labelNames: ['reason'],
      registers,
    });
    this.silent = new Gauge({
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
    new Counter({
      name: 'vigia_readings_handed_over_total',
      help: 'Readings handed to the replica that their series belongs to: answered by it, or returned to be committed here.',
      labelNames: ['result'],
      registers,
      collect() {
        setAll(this, 'result', handed);
      },
    });
    this.shadow = new ShadowMetrics(registry);
    this.batchSize = new Histogram({
      name: 'vigia_batch_readings',
      help: 'Readings per batch.',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
      registers,
    });
    this.stages = new Histogram({
      name: 'vigia_stage_duration_seconds',
      help: 'Time per batch and stage.',
      labelNames: ['stage'],
      buckets: [...DURATION_BUCKETS],
      registers,
    });
    for (const stage of ['decode', 'queue', 'plan', 'score', 'commit'] satisfies Stage[]) {
      this.stages.zero({ stage });
    }
    const last = { commit: () => this.committedAt, reading: () => this.newest };
    new Gauge({
      name: 'vigia_last_commit_timestamp_seconds',
      help: 'When this process last committed readings, 0 before the first time.',
      registers,
      collect() {
        this.set(last.commit() / 1000);
      },
    });
    new Gauge({
      name: 'vigia_newest_reading_timestamp_seconds',
      help: 'Time of the newest reading that this process has committed, 0 before the first.',
      registers,
      collect() {
        this.set(last.reading() / 1000);
      },
    });
    this.inFlightTickets = new InFlight(registry);
  }

  /** How much memory the readings of requests take that are not answered yet, bytes. */
  get requestBytes(): number {
    return this.inFlightTickets.requestBytes;
  }

  get inFlight(): number {
    return this.flying;
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

  conflict(): void {
    this.conflicts.inc();
  }

  lateReadings(scored: number, unscored: number): void {
    if (scored > 0) this.late.inc({ scored: 'yes' }, scored);
    if (unscored > 0) this.late.inc({ scored: 'no' }, unscored);
  }

  retried(n: number): void {
    this.retries.inc(n);
  }

  /** One series' commit. @param newest time of its newest reading, ms @param at when it was made, ms */
  committed(newest: number, at: number): void {
    this.commits++;
    if (newest > this.newest) this.newest = newest;
    this.committedAt = at;
  }

  alertChanged(state: AlertState): void {
    this.alerts.inc({ state });
  }

  handedOver(result: 'answered' | 'returned', n: number): void {
    this.handed[result] += n;
  }

  /** One series' commit was scored by a shadow model too. */
  compared(shadow: string, gain: ComparisonGain): void {
    this.shadow.add(shadow, gain);
  }

  deadLettered(reason: string): void {
    this.deadLetterReasons.inc({ reason });
  }

  silentSeries(n: number): void {
    this.silent.set(n);
  }

  deadLettersDropped(n: number): void {
    this.dropped.inc(n);
  }

  retainedIgnored(n: number): void {
    this.retained.inc(n);
  }

  /** A message took so long to decode, ms. */
  decoded(ms: number): void {
    this.decoding += ms;
  }

  /** A batch begins. */
  batch(readings: number): void {
    this.batchSize.observe(readings);
    this.stage('decode', this.decoding);
    this.decoding = 0;
  }

  stage(stage: Stage, ms: number): void {
    this.stages.observe({ stage }, ms / 1000);
  }

  /** A message or request with its readings, which count one by one from here on. */
  taken(ticket: Ticket, readings: number): void {
    this.inFlightTickets.add(ticket);
    this.received(readings);
  }

  /** All readings of it have ended. */
  finished(ticket: Ticket): void {
    if (ticket.counted) this.inFlightTickets.remove(ticket);
  }
}

/** What is counted elsewhere, by the values of one label. */
function setAll(counter: Counter, label: string, counts: Readonly<Record<string, number>>): void {
  counter.reset();
  for (const [value, count] of Object.entries(counts)) counter.inc({ [label]: value }, count);
}
