/** What the sources have seen, as metrics. */
import { Counter, type Registry } from 'prom-client';
import type { SourceCount, UnmatchedTopics } from './source-counts.ts';

export interface Counted {
  readonly counts: readonly SourceCount[];
  readonly unmatched: UnmatchedTopics;
}

export class SourceMetrics {
  constructor(registry: Registry, { counts, unmatched }: Counted) {
    const registers = [registry];
    const perSource = (name: string, help: string, count: (of: SourceCount) => number) =>
      new Counter({
        name,
        help,
        labelNames: ['source'],
        registers,
        collect() {
          this.reset();
          for (const each of counts) this.inc({ source: each.source }, count(each));
        },
      });
    perSource(
      'vigia_source_messages_total',
      'Messages by the source that took them.',
      ({ messages }) => messages,
    );
    perSource(
      'vigia_source_readings_total',
      'Readings by the source that they came from.',
      ({ readings }) => readings,
    );
    perSource(
      'vigia_source_problems_total',
      'Elements of messages that became dead letters, by source.',
      ({ problems }) => problems,
    );
    perSource(
      'vigia_null_values_total',
      'Fields and messages that say that there is no value, by source: null words, null, empty payloads.',
      ({ nulls }) => nulls,
    );
    new Counter({
      name: 'vigia_fields_ignored_total',
      help: 'Fields of messages that became no reading, by source and reason.',
      labelNames: ['source', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const { source, ignored } of counts) {
          for (const [reason, count] of ignored) this.inc({ source, reason }, count);
        }
      },
    });
    new Counter({
      name: 'vigia_messages_unmatched_total',
      help: 'Messages on topics that no source takes.',
      registers,
      collect() {
        this.reset();
        this.inc(unmatched.count);
      },
    });
  }
}
