/** The shapes of /api/models, requests and answers; see models.ts for the routes. */
import { z } from 'zod';

const MAX_PATTERN = 400;

const pattern = z
  .string()
  .min(1, 'is empty')
  .max(MAX_PATTERN, `must have at most ${MAX_PATTERN} characters`)
  .meta({ description: 'a name, or a pattern: * is any characters, ? is one; without it every one' });

/** Query of what changes the models in force: for which series. */
export const scopeQuery = z.object({ sensor: pattern.optional(), metric: pattern.optional() });

const scope = { sensor: z.string(), metric: z.string() };
const ruleAnswer = z.object({ ...scope, model: z.string().nullable(), shadow: z.string().nullable() });

/** The models in force. */
export const modelTableAnswer = z.object({
  revision: z.int().meta({ description: 'grows with every change' }),
  start: z
    .string()
    .nullable()
    .meta({ description: 'what replicas start with: MODEL_DIR, or the shipped one' }),
  rules: z
    .array(ruleAnswer)
    .readonly()
    .meta({ description: 'the most specific first; * and * is the default' }),
  history: z
    .array(z.object({ at: z.int(), ...scope, from: z.string().nullable(), to: z.string() }))
    .readonly()
    .meta({ description: 'promotions that can be rolled back, oldest first' }),
});

export const storedModelAnswer = z.object({
  id: z.string(),
  details: z
    .object({
      name: z.string(),
      version: z.string(),
      window: z.int(),
      lstm: z.array(z.int()).readonly().meta({ description: 'units of each layer' }),
      scaling: z.enum(['window', 'affine']),
      threshold: z.number(),
      checksum: z.string(),
      origin: z.looseObject({ kind: z.string() }),
    })
    .nullable(),
  problem: z.string().nullable().meta({ description: 'why the artifact cannot be read' }),
});

export const modelsAnswer = modelTableAnswer.extend({
  own: z.string().meta({ description: 'the model that the replica which answers was started with' }),
  models: z.array(storedModelAnswer).readonly(),
});

const comparison = {
  since: z.int(),
  readings: z.int().meta({ description: 'that both models have forecast' }),
  activeError: z.number().nullable().meta({ description: 'mean |actual - forecast|, units of the series' }),
  shadowError: z.number().nullable(),
  activeAlerts: z.int().meta({ description: 'raised while neither was warming up' }),
  shadowAlerts: z.int().meta({ description: 'that would have been raised; none is sent' }),
};

export const modelAnswer = storedModelAnswer.extend({
  activeOn: z.int().meta({ description: 'series that it judges' }),
  shadowOn: z.int().meta({ description: 'series that it scores as a shadow' }),
  comparison: z.object(comparison).nullable(),
  series: z.array(z.object({ ...scope, active: z.string(), ...comparison })).readonly(),
});

export const seriesModelsAnswer = z.object({
  assignments: z
    .array(z.object({ from: z.int(), model: z.string(), shadow: z.string().optional() }))
    .readonly(),
  next: z.object({ model: z.string(), shadow: z.string().nullable() }),
  comparison: z.object(comparison).nullable(),
});
