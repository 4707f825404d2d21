/** Finds the template that topics without a preset have in common. */

/** Whether messages are one value, or an object or list with names of its own. */
export type PayloadKind = 'value' | 'object';

export interface PatternProposal {
  readonly topic: string;
  readonly sensor?: string;
  readonly metric?: string;
}

/** Topics that may have one template: as many levels, the same first level, the same kind of payload. */
export function patternGroup(topic: string, kind: PayloadKind): string {
  const levels = topic.split('/');
  return `${kind} ${levels.length} ${levels.length > 1 ? levels[0] : topic}`;
}

/**
 * @param topics of one group, at least one
 * @returns a template that covers them and gives each a sensor, and a metric where the payload has no names
 */
export function commonPattern(topics: readonly string[], kind: PayloadKind): PatternProposal {
  const levels = topics.map((topic) => topic.split('/'));
  const [first] = levels;
  const width = first!.length;
  const varies = first!.map((level, i) => levels.some((other) => other[i] !== level));
  if (width === 1) {
    const names = { topic: topics[0]!, sensor: fixed(topics[0]!) };
    return kind === 'value' ? { ...names, metric: 'value' } : names;
  }
  // The last level is what is measured, where the payload does not say it; the sensor stands before it.
  const metricAt = kind === 'value' ? width - 1 : -1;
  const last = kind === 'value' ? width - 2 : width - 1;
  const open = varies.flatMap((vary, i) => (vary && i !== metricAt ? [i] : []));
  if (open.length <= 1) {
    const sensorAt = open[0] ?? (last > 0 || kind === 'value' ? last : 0);
    const named = first!.map((level, i) =>
      i === metricAt ? '{metric}' : i === sensorAt ? '{sensor}' : level,
    );
    return { topic: named.join('/') };
  }
  const named = first!.map((level, i) =>
    i === metricAt ? '{metric}' : open.includes(i) ? `{level${i + 1}}` : level,
  );
  return { topic: named.join('/'), sensor: open.map((i) => `{level${i + 1}}`).join('/') };
}

/**
 * As `commonPattern`, but of a single topic every level stays a text, so that the source takes nothing else.
 * @param named whether the topic names the sensor; the message does otherwise
 */
export function literalPattern(
  topics: readonly string[],
  kind: PayloadKind,
  named: boolean,
): PatternProposal {
  const [topic = ''] = topics;
  const levels = topic.split('/');
  if (topics.length > 1 || levels.length === 1) return commonPattern(topics, kind);
  const metric = fixed(levels.at(-1)!);
  const sensor = fixed(levels.at(kind === 'value' ? -2 : -1)!);
  if (/[{}+#]/.test(topic)) return commonPattern(topics, kind);
  return { topic, ...(named && { sensor }), ...(kind === 'value' && { metric }) };
}

/** A text that stays a text where templates are read. */
function fixed(text: string): string {
  return text.replaceAll(/[{}]/g, '');
}
