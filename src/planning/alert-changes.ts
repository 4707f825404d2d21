import type { AlertChange, Peak } from '../domain/alert.ts';
import type { Explanation } from '../domain/verdict.ts';

/**
 * The difference between the alerts as they were and the alerts as the fold says they are.
 * @param before the unretracted alerts that the fold may have changed
 */
export function alertChanges(before: readonly AlertChange[], after: readonly AlertChange[]): AlertChange[] {
  if (before.length === 0 && after.length === 0) return [];
  const key = ({ rule, ts }: AlertChange) => `${rule}/${ts}`;
  const old = new Map(before.map((alert) => [key(alert), alert]));
  const changes = after.flatMap((alert) => {
    const was = old.get(key(alert));
    old.delete(key(alert));
    if (!was || !sameContent(was, alert)) return [alert];
    return samePeak(was.peak, alert.peak) ? [] : [{ ...alert, quiet: true }];
  });
  for (const alert of old.values()) {
    const { rule, ts, value, expected, score, limit, explanation } = alert;
    changes.push({
      ...{ rule, ts, value, expected, score, limit, state: 'retracted', clearedTs: null },
      ...(explanation && { explanation }),
    });
  }
  return changes;
}

function sameContent(a: AlertChange, b: AlertChange): boolean {
  return (
    a.value === b.value &&
    a.expected === b.expected &&
    a.score === b.score &&
    a.limit === b.limit &&
    a.state === b.state &&
    a.clearedTs === b.clearedTs &&
    sameExplanation(a.explanation, b.explanation)
  );
}

function sameExplanation(a: Explanation | undefined, b: Explanation | undefined): boolean {
  return (
    a?.reason === b?.reason &&
    a?.observed === b?.observed &&
    a?.usual === b?.usual &&
    a?.low === b?.low &&
    a?.high === b?.high
  );
}

function samePeak(a: Peak | undefined, b: Peak | undefined): boolean {
  return a?.value === b?.value && a?.ts === b?.ts;
}
