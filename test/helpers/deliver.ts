/** Delivers alert changes from a real embedded store to a target until the test ends. */
import pino from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import { Notifier } from '../../src/alerts/notifier.ts';
import { NotifierMetrics } from '../../src/alerts/notifier-metrics.ts';
import type { NotifierLimits } from '../../src/alerts/notifier-options.ts';
import type { Filter } from '../../src/alerts/receiver.ts';
import type { Target } from '../../src/alerts/target.ts';
import type { Alert } from '../../src/domain/alert.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const DAY = 86_400_000;

export function openStore(directory = temporaryDirectory()): Store {
  const store = openEmbeddedStore({ directory, retention: 30 * DAY, deadLetterMax: 5 });
  onTestFinished(() => store.close());
  return store;
}

/** Delivers until the test ends. */
export async function deliver(
  store: Store,
  target: Target,
  limits: Partial<NotifierLimits> = {},
  now = Date.now,
  filter?: Filter,
  isMuted: (alert: Alert) => boolean = () => false,
) {
  const registry = new Registry();
  const log: string[] = [];
  const notifier = new Notifier(
    target,
    {
      store,
      holder: 'test',
      limits: { timeout: 5000, maxAttempts: 3, maxAge: DAY, longestPause: 50, settle: 0, ...limits },
      isMuted,
      mayUnmute: () => true,
      unitOf: ({ metric }) => (metric === 'temperature' ? '°C' : null),
      metrics: new NotifierMetrics(registry, now),
      logger: pino({ level: 'debug' }, { write: (line: string) => log.push(line) }),
      now,
    },
    filter,
  );
  await notifier.register();
  notifier.start();
  const close = () => notifier.close(1000);
  onTestFinished(close);
  /** Of `vigia_alert_<name>`. */
  const metric = async (name: string, result?: string) => {
    const values = (await registry.getSingleMetric(`vigia_alert_${name}`)!.get()).values;
    return values.find(({ labels }) => result === undefined || labels.result === result)!.value;
  };
  return { log: () => log.join(''), metric, close };
}
