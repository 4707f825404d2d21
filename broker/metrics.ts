/** What the built-in broker tells Prometheus. Asked for at each scrape. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Broker } from './broker.ts';
import { REFUSALS } from './refusals.ts';

export function brokerMetrics(
  registry: Registry,
  broker: Pick<Broker, 'connections' | 'statistics' | 'refused'>,
): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const now = () => broker.statistics();
  gauge('vigia_broker_connections', 'Open connections of the built-in broker.', () => broker.connections());
  gauge('vigia_broker_sessions', 'Persistent sessions, of present and absent clients.', () => now().sessions);
  gauge('vigia_broker_shared_groups', 'Shared subscriptions.', () => now().sharedGroups);
  gauge(
    'vigia_broker_queued_messages',
    'Messages that wait for sessions and groups, or are unacknowledged by them.',
    () => now().queuedMessages,
  );
  gauge('vigia_broker_queued_bytes', 'Memory of those that wait.', () => now().queuedBytes);
  counter(
    'vigia_broker_dropped_messages_total',
    'Messages dropped from full queues.',
    () => now().droppedMessages,
  );
  gauge('vigia_broker_retained_messages', 'Topics with a retained message.', () => now().retainedMessages);
  counter(
    'vigia_broker_refused_retained_messages_total',
    'Messages delivered but not retained, because too many are.',
    () => now().refusedRetainedMessages,
  );
  new Counter({
    name: 'vigia_broker_refused_total',
    help: 'What the built-in broker has refused to clients, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const reason of REFUSALS) this.inc({ reason }, broker.refused(reason));
    },
  });
}
