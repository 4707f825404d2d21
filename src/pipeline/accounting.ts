/**
 * Promise 4: received = committed + duplicate + dead-lettered + rejected + in flight, at every scrape. All counts
 * change in synchronous steps, so a scrape never sees half of one.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Result } from './ticket.ts';

export class Accounting {
  private readonly receivedTotal;
  private readonly results;
  private readonly inFlightGauge;
  private readonly conflicts;
  private readonly late;
  private readonly retries;
  private readonly commits;
  private readonly alerts;
  private readonly dropped;
  private readonly retained;
  private readonly batchSize;
  private readonly stages;
  private flying = 0;

  constructor(registry: Registry) {
    const registers = [registry];
    this.receivedTotal = new Counter({
      name: 'vigia_readings_received_total',
      help: 'Readings taken in; an undecodable message counts as one.',
      registers,
    });
    this.results = new Counter({
      name: 'vigia_readings_total',
      help: 'Readings by how they ended.',
      labelNames: ['result'],
      registers,
    });
    for (const result of ['committed', 'duplicate', 'dead_lettered', 'rejected'] satisfies Result[]) {
      this.results.inc({ result }, 0);
    }
    this.inFlightGauge = new Gauge({
      name: 'vigia_readings_in_flight',
      help: 'Readings received that have not ended yet.',
      registers,
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
    this.retries = new Counter({
      name: 'vigia_commit_retries_total',
      help: 'Commits of a series done again because another replica committed first.',
      registers,
    });
    this.commits = new Counter({ name: 'vigia_commits_total', help: 'Series commits applied.', registers });
    this.alerts = new Counter({
      name: 'vigia_alert_changes_total',
      help: 'Changes of alerts, by the state they went to.',
      labelNames: ['state'],
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
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
  }

  get inFlight(): number {
    return this.flying;
  }

  received(n: number): void {
    this.receivedTotal.inc(n);
    this.flying += n;
    this.inFlightGauge.set(this.flying);
  }

  ended(result: Result, n = 1): void {
    this.results.inc({ result }, n);
    this.flying -= n;
    this.inFlightGauge.set(this.flying);
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

  committed(n: number): void {
    this.commits.inc(n);
  }

  alertChanged(state: string): void {
    this.alerts.inc({ state });
  }

  deadLettersDropped(n: number): void {
    this.dropped.inc(n);
  }

  retainedIgnored(n: number): void {
    this.retained.inc(n);
  }

  batch(readings: number): void {
    this.batchSize.observe(readings);
  }

  stage(stage: 'plan' | 'score' | 'commit', ms: number): void {
    this.stages.observe({ stage }, ms / 1000);
  }
}
