import pino from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import { parseArtifact } from '../../models/artifact.ts';
import { createModel } from '../../models/lstm-model.ts';
import type { Model } from '../../models/model.ts';
import { DEFAULT_RULES } from '../../src/domain/alert-rule.ts';
import { MessageIntake } from '../../src/intake/message-intake.ts';
import { ModelRegistry } from '../../src/model-registry/model-registry.ts';
import { Accounting } from '../../src/pipeline/accounting.ts';
import { Pipeline, type PipelineOptions } from '../../src/pipeline/pipeline.ts';
import { RuleBook } from '../../src/planning/rule-book.ts';
import { Decoder } from '../../src/sources/decoder.ts';
import { compileSources, topicSources } from '../../src/sources/read-sources.ts';
import type { Store } from '../../src/store/store.ts';
import { smallModel } from './small-model.ts';

export interface RunningPipeline {
  readonly pipeline: Pipeline;
  readonly intake: MessageIntake;
  readonly registry: Registry;
  /** The value of one counter or gauge, labels as in `result="committed"`. */
  metric(name: string, label?: string): Promise<number>;
}

/** Of one replica, as it is before it has looked into the store. */
export function modelRegistry(store: Store, own: Model): ModelRegistry {
  return new ModelRegistry(store.models, own, async (bytes) =>
    createModel(parseArtifact(bytes, 'the store')),
  );
}

/** A started pipeline on a real store, closed when the current test ends. */
export function runningPipeline(
  store: Store,
  options: Partial<PipelineOptions> & { readonly model?: Model; readonly maxReadings?: number } = {},
): RunningPipeline {
  const registry = new Registry();
  const { model = smallModel(), maxReadings = 10_000, ...rest } = options;
  const pipeline = new Pipeline({
    store,
    models: modelRegistry(store, model),
    rules: new RuleBook([], DEFAULT_RULES, { minimum: 5000, maxClockSkew: 300_000 }, 1000),
    accounting: new Accounting(registry),
    logger: pino({ level: 'silent' }),
    guard: { maxClockSkew: 300_000, retention: 30 * 86_400_000, widestBucket: 3_600_000 },
    batchMax: 1000,
    batchSeries: 256,
    lingerMs: 0,
    gatherMs: 0,
    deadlineMs: 5000,
    maxRequestBytes: 64_000_000,
    arrivalLead: 60_000,
    arrivalWaitMs: 5000,
    maxWaiting: 2000,
    maxSeriesWaiting: 500,
    maxUnwritable: 1000,
    maxSeries: 100_000,
    maxUserSeries: 100_000,
    cacheSize: 1000,
    rebuildReadings: 5000,
    readableByFormer: () => false,
    replicas: null,
    now: Date.now,
    between() {
      const now = (rest.now ?? Date.now)();
      return { earliest: now, latest: now };
    },
    ...rest,
  });
  const sources = compileSources(topicSources(['sensors/{sensor}/{metric}']));
  const intake = new MessageIntake(new Decoder(sources, { maxReadings, maxNameBytes: 200 }), pipeline);
  pipeline.start();
  onTestFinished(() => pipeline.close(1000));
  return {
    pipeline,
    intake,
    registry,
    async metric(name, label = '') {
      const text = await registry.getSingleMetricAsString(name);
      const line = text
        .split('\n')
        .find((candidate) => candidate.startsWith(label === '' ? `${name} ` : `${name}{${label}}`));
      return Number(line?.split(' ').at(-1) ?? Number.NaN);
    },
  };
}
