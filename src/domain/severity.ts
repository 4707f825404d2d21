/** How grave an alert is. A receiver may ask for some severities only. */
export const SEVERITIES = ['warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The score from which on an anomaly is critical; 1 is the boundary of an alarm. */
export const CRITICAL_SCORE = 3;

/** @param rule the rule that has raised the alert @param score of the reading that has raised it */
export function severityOf({
  rule,
  score,
}: {
  readonly rule: string;
  readonly score: number | null;
}): Severity {
  return rule === 'anomaly' && score !== null && score >= CRITICAL_SCORE ? 'critical' : 'warning';
}
