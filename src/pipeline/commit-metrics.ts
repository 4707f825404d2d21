/** What commits have done: how many, with which alerts, conflicts and late readings, and when the last one was. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ComparisonGain } from '../detect/shadow.ts';
import type { AlertState } from '../domain/alert.ts';
import { ShadowMetrics } from './shadow-metrics.ts';

export class CommitMetrics {
  private readonly conflicts;
  private readonly late;
  private readonly retries;
  private readonly rollups;
  private readonly alerts;
  private readonly shadow;
  private commits = 0;
  private newest = 0;
  private committedAt = 0;

  constructor(registry: Registry) {
    const registers = [registry];
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
    this.rollups = new Counter({
      name: 'vigia_rollups_restored_total',
      help: 'Rollups of series that RedisTimeSeries no longer made, because a slot was moved or a key restored, and makes again.',
      registers,
    });
    this.alerts = new Counter({
      name: 'vigia_alert_changes_total',
      help: 'Changes of alerts, by the state they went to.',
      labelNames: ['state'],
      registers,
    });
    for (const state of ['open', 'cleared', 'retracted'] satisfies AlertState[])
      this.alerts.inc({ state }, 0);
    this.shadow = new ShadowMetrics(registry);
    this.registerApplied(registers);
  }

  /** What is counted for every commit is a plain number, which a scrape turns into a metric: a counter takes half a microsecond. */
  private registerApplied(registers: Registry[]): void {
    const last = { commits: () => this.commits, at: () => this.committedAt, reading: () => this.newest };
    new Counter({
      name: 'vigia_commits_total',
      help: 'Series commits applied.',
      registers,
      collect() {
        this.reset();
        this.inc(last.commits());
      },
    });
    new Gauge({
      name: 'vigia_last_commit_timestamp_seconds',
      help: 'When this process last committed readings, 0 before the first time.',
      registers,
      collect() {
        this.set(last.at() / 1000);
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
  }

  /** The commit of one series was applied. @param newest time of its newest reading, ms @param at when it was made, ms */
  applied(newest: number, at: number): void {
    this.commits++;
    if (newest > this.newest) this.newest = newest;
    this.committedAt = at;
  }

  /** The commit of one series was refused, because another replica committed first. */
  retried(): void {
    this.retries.inc();
  }

  /** Readings had another value than the stored one. */
  conflicting(readings: number): void {
    if (readings > 0) this.conflicts.inc(readings);
  }

  /** The server makes rollups again that it no longer made. */
  rollupsRestored(rollups: number): void {
    this.rollups.inc(rollups);
  }

  lateReadings(scored: number, unscored: number): void {
    if (scored > 0) this.late.inc({ scored: 'yes' }, scored);
    if (unscored > 0) this.late.inc({ scored: 'no' }, unscored);
  }

  alertChanged(state: AlertState): void {
    this.alerts.inc({ state });
  }

  /** One commit was scored by a shadow model too. */
  compared(shadow: string, gain: ComparisonGain): void {
    this.shadow.add(shadow, gain);
  }
}
