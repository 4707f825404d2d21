/**
 * An alert in Redis: field `<rule>/<ts>` of the series' alert hash, `<revision> <acknowledged> <JSON>`. The script keeps
 * the first two parts and does not look into the third.
 */
import { type Acknowledgement, type Alert, type AlertChange, alertId } from '../../domain/alert.ts';
import { encodeName, type SeriesId } from '../../domain/series.ts';
import type { Explanation } from '../../domain/verdict.ts';

type Content = [
  value: number,
  expected: number | null,
  score: number | null,
  state: Alert['state'],
  clearedTs: number | null,
  /** Absent in entries of before there were limits. */
  limit?: number | null,
  /** Null where there is none and an explanation follows. */
  model?: string | null,
  /** Null where there is none and a peak follows. */
  explanation?: Explanation | null,
  peak?: [value: number, ts: number],
];

/** Begins the field of a change that is no revision; no rule begins so, because names are encoded. */
const QUIET = '~';

export function encodeChange(change: AlertChange): [field: string, content: string] {
  const { rule, ts, value, expected, score, limit, state, clearedTs, model, explanation, peak } = change;
  const content: Content = [value, expected, score, state, clearedTs, limit];
  if (model !== undefined || explanation || peak) content.push(model ?? null);
  if (explanation || peak) content.push(explanation ?? null);
  if (peak) content.push([peak.value, peak.ts]);
  return [`${change.quiet ? QUIET : ''}${encodeName(rule)}/${ts}`, JSON.stringify(content)];
}

/** @param field `<rule>/<ts>`, in an outbox with `/<revision>` after it */
export function decodeAlert(series: SeriesId, field: string, entry: string): Alert {
  const [rule, ts] = field.split('/') as [string, string];
  const [revision, acknowledged] = entry.split(' ', 2) as [string, string];
  const json = entry.slice(revision.length + acknowledged.length + 2);
  const items = JSON.parse(json) as Content;
  const acknowledgement = takeAcknowledgement(items);
  const [value, expected, score, state, clearedTs, limit = null, model = null, explanation, peak] = items;
  const change = {
    rule: decodeURIComponent(rule),
    ts: Number(ts),
    value,
    expected,
    score,
    limit,
    state,
    clearedTs,
    ...(model !== null && { model }),
    ...(explanation && { explanation }),
    ...(peak && { peak: { value: peak[0], ts: peak[1] } }),
  };
  return {
    id: alertId(series, change.rule, change.ts),
    sensor: series.sensor,
    metric: series.metric,
    ...change,
    acknowledged: acknowledged === '1',
    ...(acknowledgement && { acknowledgement }),
    revision: Number(revision),
  };
}

/** Begins the item behind all others that says who has acknowledged an alert. The scripts keep it. */
const ACKNOWLEDGED = 'ack';

export function encodeAcknowledgement({ by, at }: Acknowledgement): string {
  return JSON.stringify([ACKNOWLEDGED, by, at]);
}

function takeAcknowledgement(items: unknown[]): Acknowledgement | null {
  const last = items.at(-1);
  if (!Array.isArray(last) || last[0] !== ACKNOWLEDGED) return null;
  items.pop();
  const [, by, at] = last as [string, string | null, number];
  return { by, at };
}

/** Takes an alert id apart. @returns null for what is none */
export function parseAlertId(
  id: string,
): { series: SeriesId; rule: string; key: string; field: string } | null {
  const parts = id.split('/');
  if (parts.length < 4) return null;
  const [sensor, metric] = parts as [string, string];
  const rule = parts.slice(2, -1).join('/');
  try {
    return {
      series: { sensor: decodeURIComponent(sensor), metric: decodeURIComponent(metric) },
      rule,
      key: `${sensor}/${metric}`,
      field: `${encodeName(rule)}/${parts.at(-1)}`,
    };
  } catch {
    return null;
  }
}
