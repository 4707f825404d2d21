import type { z } from 'zod';
import type { Alert } from '../domain/alert.ts';
import type { alertAnswer } from './api-schema.ts';
import { type Units, unitOf } from './unit.ts';

/** An alert as the API and the live stream show it. */
export function shownAlert(alert: Alert, units: Units): z.infer<typeof alertAnswer> {
  const { id, sensor, metric, rule, ts, value, expected, score, limit, model = null } = alert;
  const { state, clearedTs, acknowledged, revision } = alert;
  return {
    id,
    sensor,
    metric,
    unit: unitOf(units, metric),
    rule,
    ts,
    value,
    expected,
    score,
    limit,
    model,
    state,
    clearedTs,
    acknowledged,
    revision,
  };
}
