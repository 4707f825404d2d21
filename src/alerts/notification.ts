/** What receivers are sent for one change of an alert, the same over MQTT and to a webhook. */
import type { Alert } from '../domain/alert.ts';
import { type AlertReason, alertReason } from '../domain/alert-text.ts';
import { type Severity, severityOf } from '../domain/severity.ts';
import type { Explanation } from '../domain/verdict.ts';
import type { StreamedAlert } from '../store/alert-store.ts';

/** The alert as `GET /api/alerts` shows it, and: */
export interface Notification
  extends Omit<Alert, 'model' | 'explanation' | 'peak' | 'acknowledgement'>,
    AlertReason {
  /** Event time, `ts` in ISO 8601. */
  readonly time: string;
  /** When the store learnt of this change, ms UTC. */
  readonly changedAt: number;
  /** Of `value`, `expected` and `limit`; null where none is known. */
  readonly unit: string | null;
  readonly severity: Severity;
  /** Who has acknowledged it and when (ms UTC); null where nobody has, and where callers need no account. */
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: number | null;
  /** Id of the model whose forecast it was judged by; null where none was asked. */
  readonly model: string | null;
  /** What the detector compared; null where the rule is not `anomaly`, and in alerts of earlier releases. */
  readonly explanation: Explanation | null;
}

export function notification(
  { alert, at }: Pick<StreamedAlert, 'alert' | 'at'>,
  unit: string | null,
): Notification {
  const { model = null, explanation = null, acknowledgement: seen = null, ...rest } = alert;
  return {
    ...rest,
    model,
    explanation,
    ...alertReason(alert, unit),
    time: new Date(alert.ts).toISOString(),
    changedAt: at,
    unit,
    severity: severityOf(alert),
    acknowledgedBy: seen?.by ?? null,
    acknowledgedAt: seen?.at ?? null,
  };
}

/** The same for one change at every replica and at every try; printable ASCII. */
export function idempotencyKey({ id, revision }: Pick<Alert, 'id' | 'revision'>): string {
  return `${id.replace(/[^!-~]+/g, encodeURIComponent)}/${revision}`;
}
