/** Which alerts are sent to a receiver. */
import type { Alert } from '../domain/alert.ts';
import { globMatches } from '../domain/glob.ts';
import { severityOf } from '../domain/severity.ts';
import type { Filter } from './receiver.ts';

export function passes(filter: Filter, alert: Alert): boolean {
  const fits = (patterns: readonly string[], text: string) =>
    patterns.some((pattern) => globMatches(pattern, text));
  return (
    fits(filter.sensors, alert.sensor) &&
    fits(filter.metrics, alert.metric) &&
    fits(filter.rules, alert.rule) &&
    filter.severities.includes(severityOf(alert))
  );
}
