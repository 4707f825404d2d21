/** Wires what happens to a reading after its arrival: models, alert rules and the pipeline that scores and commits. */
import { parseArtifact } from '../../models/artifact.ts';
import { createModel } from '../../models/lstm-model.ts';
import { StoredRules } from '../alerts/stored-rules.ts';
import { DEFAULT_RULES } from '../domain/alert-rule.ts';
import { ModelFollower } from '../model-registry/model-follower.ts';
import { ModelRegistry } from '../model-registry/model-registry.ts';
import { Accounting } from '../pipeline/accounting.ts';
import { Pipeline, type PipelineOptions } from '../pipeline/pipeline.ts';
import { RuleBook } from '../planning/rule-book.ts';
import { StateFormats } from '../planning/state-formats.ts';
import { WIDEST_ROLLUP } from '../store/rollup.ts';
import type { AppContext } from './context.ts';
import { type OwnModel, warnOfCost } from './own-model.ts';

export interface Scoring {
  readonly accounting: Accounting;
  readonly rules: RuleBook;
  readonly models: ModelRegistry;
  readonly follower: ModelFollower;
  readonly formats: StateFormats;
  readonly pipeline: Pipeline;
}

export function createScoring(context: AppContext, own: OwnModel): Scoring {
  const { config, store, logger, registry, now } = context;
  const accounting = new Accounting(registry);
  const rules = ruleBook(config);
  const models = new ModelRegistry(store.models, own.model, async (bytes) => {
    const stored = parseArtifact(bytes, 'a model in the store');
    warnOfCost(stored, logger);
    return createModel(stored, own.simd);
  });
  const follower = new ModelFollower({
    models,
    // The embedded store has one process at a time, under whatever id.
    client: store.kind === 'embedded' ? 'embedded' : config.clientId,
    everyMs: config.models.refreshMs,
    logger,
    registry,
    now,
  });
  const window = Math.min(config.pipeline.maxInFlight, config.mqtt.receiveMaximum);
  const formats = new StateFormats(store, config.store.stateFormat);
  const pipeline = new Pipeline({
    store,
    models,
    rules,
    accounting,
    logger,
    guard: {
      maxClockSkew: config.readings.maxClockSkew,
      retention: config.store.retention,
      widestBucket: WIDEST_ROLLUP,
    },
    batchMax: config.pipeline.batchMax,
    batchSeries: config.pipeline.batchSeries,
    lingerMs: config.pipeline.lingerMs,
    gatherMs: config.pipeline.gatherMs,
    deadlineMs: config.http.deadline,
    maxRequestBytes: config.pipeline.maxInFlightBytes,
    arrivalLead: config.readings.arrivalLead,
    arrivalWaitMs: config.readings.arrivalWait,
    // What waits for the clock, or for its series, must leave room for what does not.
    maxWaiting: Math.ceil(window / 4),
    maxSeriesWaiting: config.pipeline.maxSeriesWaiting,
    maxUnwritable: Math.ceil(window / 2),
    maxSeries: config.store.maxSeries,
    maxUserSeries: config.store.maxUserSeries,
    cacheSize: config.pipeline.cacheSize,
    rebuildReadings: config.pipeline.rebuildReadings,
    readableByFormer: () => formats.readableByFormer,
    replicas: forwarding(context),
    now,
    between: () => context.clock.readings.between(),
  });
  return { accounting, rules, models, follower, formats, pipeline };
}

/** Rules of the store go before those of ALERT_RULES. */
export function createStoredRules({ config, store }: AppContext, { rules, formats }: Scoring): StoredRules {
  return new StoredRules({
    documents: store.documents,
    configured: config.alerts.rules ?? [],
    apply: (all) => rules.replace(all),
    readableByFormer: () => formats.readableByFormer,
  });
}

function ruleBook({ alerts, readings, pipeline }: AppContext['config']): RuleBook {
  return new RuleBook(
    alerts.rules ?? [],
    { ...DEFAULT_RULES, missing: alerts.missingFactor === 0 ? null : { factor: alerts.missingFactor } },
    { minimum: alerts.missingMinimum, maxClockSkew: readings.maxClockSkew },
    pipeline.cacheSize,
  );
}

/** Without a group every replica gets every reading anyway, and nothing is forwarded. */
function forwarding({ role, config, store }: AppContext): PipelineOptions['replicas'] {
  const { group } = config.mqtt;
  const wanted = role === 'bridge' && config.pipeline.forwarding === 'yes' && group !== '';
  return wanted && store.pubSub ? { pubSub: store.pubSub, group, max: config.pipeline.maxInFlight } : null;
}
