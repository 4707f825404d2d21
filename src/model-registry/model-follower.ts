/**
 * Keeps the models of one replica as the model table in the store says. Reads the table every `everyMs`, and writes to the log
 * and the metrics which models are in force, above all where replicas were started with different models.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { DEFAULT_SCOPE, sameScope } from '../domain/model-table.ts';
import { StoreUnavailable } from '../errors.ts';
import type { ModelRegistry } from './model-registry.ts';

export interface ModelFollowerOptions {
  readonly models: ModelRegistry;
  /** The same over restarts of this replica. */
  readonly client: string;
  readonly everyMs: number;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly now: () => number;
}

export class ModelFollower {
  private readonly failures;
  /** Message of the problem that was logged last. A problem that stays is logged once. */
  private logged = '';

  constructor(private readonly options: ModelFollowerOptions) {
    const { models, registry } = options;
    const registers = [registry];
    this.failures = new Counter({
      name: 'vigia_model_refresh_failures_total',
      help: 'Reads of the model table that failed; the models in force before stay.',
      registers,
    });
    new Gauge({
      name: 'vigia_model_in_force',
      help: '1 for each model that this replica goes by: the default, overrides by sensor and metric, shadows.',
      labelNames: ['model', 'sensor', 'metric', 'role'],
      registers,
      collect() {
        this.reset();
        const { rules } = models.table;
        const { sensor, metric } = DEFAULT_SCOPE;
        this.set({ model: models.default.id, sensor, metric, role: 'active' }, 1);
        for (const { model, shadow, ...scope } of rules) {
          if (model !== null) this.set({ model, ...scope, role: 'active' }, 1);
          if (shadow !== null) this.set({ model: shadow, ...scope, role: 'shadow' }, 1);
        }
      },
    });
    new Gauge({
      name: 'vigia_model_start_differs',
      help: '1 while this replica was started with another model (MODEL_DIR) than the one that replicas go by.',
      registers,
      collect() {
        this.set(differs(models) ? 1 : 0);
      },
    });
  }

  /** Enters the replica's own model, which must be in the store, into the table. @throws what `ModelRegistry.start` throws */
  async start(): Promise<void> {
    const { models, client, now } = this.options;
    await models.start(client, now());
    this.logModels();
  }

  /** Reads the table again and again until `signal` is aborted. */
  async follow(signal: AbortSignal): Promise<void> {
    const { models, everyMs, logger } = this.options;
    while (!signal.aborted) {
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      try {
        if (await models.refresh()) this.logModels();
        this.logged = '';
      } catch (error) {
        if (signal.aborted) return;
        this.failures.inc();
        const { message } = error as Error;
        const level = error instanceof StoreUnavailable ? 'debug' : 'error';
        if (message !== this.logged) logger[level]({ err: error }, 'the models in force before stay');
        this.logged = message;
      }
    }
  }

  private logModels(): void {
    const { models, logger } = this.options;
    const { rules, start } = models.table;
    const own = models.own.id;
    if (rules.length > 0) logger.info({ start, rules }, 'models in force');
    if (differs(models)) {
      logger.warn(
        { own, start },
        `this replica was started with model ${own}, a later one with ${start}, which is in force: give all replicas the same MODEL_DIR`,
      );
    }
    const promoted = rules.find((rule) => sameScope(rule, DEFAULT_SCOPE))?.model ?? own;
    if (promoted !== own) {
      logger.info(
        { own, promoted },
        'the default was promoted: the model of MODEL_DIR is in the store, but not in force (vigia model promote)',
      );
    }
  }
}

function differs({ table, own }: ModelRegistry): boolean {
  return table.start !== null && table.start !== own.id;
}
