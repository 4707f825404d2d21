import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import { alertReason } from '../../domain/alert-text.ts';
import { SEVERITIES, severityOf } from '../../domain/severity.ts';
import { REASONS } from '../../domain/verdict.ts';
import type { Labels } from './labels.ts';

/** Why the alert was raised, see `Explanation` of src/domain/verdict.ts. */
const explanationAnswer = z
  .object({
    reason: z.enum(REASONS).meta({ description: 'the term of the detector that raised it' }),
    observed: z.number().meta({ description: 'what the term found: docs/detection.md has the units' }),
    usual: z.number().meta({ description: 'what it would have had to exceed for a score of 1' }),
    low: z.number().nullable().meta({ description: 'the value was expected from here on' }),
    high: z.number().nullable().meta({ description: 'and up to here' }),
  })
  .meta({
    description: 'why the reading was an anomaly; null for other rules, and in alerts of earlier releases',
  });

/** An alert as the API and the live stream show it. */
export const alertAnswer = z.object({
  id: z.string(),
  sensor: z.string(),
  metric: z.string(),
  unit: z.string().nullable().meta({ description: 'of value, expected and limit' }),
  rule: z.string(),
  ts: z.int(),
  value: z.number(),
  expected: z.number().nullable(),
  score: z.number().nullable(),
  limit: z.number().nullable(),
  model: z.string().nullable().meta({ description: 'whose forecast it was judged by' }),
  explanation: explanationAnswer.nullable(),
  reason: z.enum(REASONS).nullable().meta({ description: '`reason` of `explanation`' }),
  text: z
    .object({ en: z.string(), es: z.string() })
    .meta({ description: 'why it was raised, as a sentence' }),
  expectedRange: z
    .object({ low: z.number(), high: z.number() })
    .nullable()
    .meta({ description: 'where the value was expected; null where that is not known' }),
  peak: z.object({ value: z.number(), ts: z.int() }).nullable().meta({
    description: 'the reading that lies farthest beyond while it is open; null for `missing`',
  }),
  durationMs: z.int().nullable().meta({ description: 'how long it was open; null until it is cleared' }),
  state: z.enum(['open', 'cleared', 'retracted']),
  clearedTs: z.int().nullable(),
  acknowledged: z.boolean(),
  acknowledgedBy: z.string().nullable().meta({ description: 'the account; null where callers need none' }),
  acknowledgedAt: z.int().nullable(),
  revision: z.int(),
  severity: z.enum(SEVERITIES),
  muted: z.boolean().meta({ description: 'nobody is told of it' }),
});

/** @param isMuted see mutes.ts of src/alerts */
export function shownAlert(
  alert: Alert,
  labels: Labels,
  isMuted: (alert: Alert) => boolean,
): z.output<typeof alertAnswer> {
  const { model = null, explanation = null, acknowledgement: seen = null, ...rest } = alert;
  const unit = labels.unitOf(alert);
  return {
    ...{ ...rest, unit, model, explanation, ...alertReason(alert, unit) },
    severity: severityOf(alert),
    acknowledgedBy: seen?.by ?? null,
    acknowledgedAt: seen?.at ?? null,
    muted: isMuted(alert),
  };
}
