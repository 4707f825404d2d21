/**
 * Bytes and topic to readings: a bare number, a JSON object, or an array of either. What cannot become a reading comes
 * back as a Problem with the field at fault, so that one bad element of an array does not take the others with it.
 */
import { parseDecimal } from '../domain/decimal.ts';
import { nameProblem } from '../domain/name.ts';
import type { IncomingReading } from '../domain/reading.ts';
import { readTime } from '../domain/time.ts';
import type { InvalidInput } from '../errors.ts';
import { namesIn, type TopicNames, type TopicTemplate } from './topic.ts';

export interface Problem {
  /** `topic`, `sensor`, `metric`, `payload`, `value` or `ts`. */
  readonly field: string;
  /** The dead letter's reason: a stable word. */
  readonly reason: string;
  /** One sentence for a person. */
  readonly detail: string;
}

export type Decoded = { readonly reading: IncomingReading } | { readonly problem: Problem };

export interface DecodeLimits {
  readonly maxReadings: number;
  readonly maxNameBytes: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

const problem = (field: string, reason: string, detail: string): Decoded => ({
  problem: { field, reason, detail },
});

/** Decodes one message. @returns at least one element; never throws */
export function decode(
  topic: string,
  bytes: Uint8Array,
  templates: readonly TopicTemplate[],
  limits: DecodeLimits,
): Decoded[] {
  let names: TopicNames;
  try {
    names = namesIn(templates, topic);
  } catch (error) {
    return [problem('topic', 'bad-topic', (error as InvalidInput).message)];
  }
  for (const field of ['sensor', 'metric'] as const) {
    const why = names[field] === null ? null : nameProblem(names[field], limits.maxNameBytes);
    if (why) return [problem(field, 'bad-topic', `the ${field} name in the topic ${why}`)];
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return [problem('payload', 'not-utf8', 'the payload is not UTF-8 text')];
  }
  const trimmed = text.trim();
  const number = parseDecimal(trimmed);
  if (number !== null) return decodeElement(number, names, limits);
  let json: unknown;
  try {
    json = JSON.parse(trimmed);
  } catch {
    const shown = trimmed.length > 40 ? `${trimmed.slice(0, 40)}…` : trimmed;
    return [problem('payload', 'not-json', `the payload is neither a number nor JSON: '${shown}'`)];
  }
  if (!Array.isArray(json)) return decodeElement(json, names, limits);
  if (json.length === 0) return [problem('payload', 'bad-payload', 'the array is empty')];
  if (json.length > limits.maxReadings) {
    return [
      problem(
        'payload',
        'bad-payload',
        `${json.length} readings in one message, at most ${limits.maxReadings}`,
      ),
    ];
  }
  return json.flatMap((element) => decodeElement(element, names, limits));
}

function decodeElement(element: unknown, names: TopicNames, limits: DecodeLimits): Decoded[] {
  if (names.metric !== null && typeof element === 'number')
    return [finish(names.sensor, names.metric, element, undefined)];
  if (typeof element !== 'object' || element === null || Array.isArray(element)) {
    return [
      problem(
        'payload',
        'bad-payload',
        `a reading must be ${names.metric === null ? '' : 'a number or '}an object, not ${kind(element)}`,
      ),
    ];
  }
  const { ts, ...fields } = element as Record<string, unknown>;
  if (names.metric !== null) {
    if (!('value' in fields)) return [problem('value', 'bad-value', "the object has no field 'value'")];
    return [finish(names.sensor, names.metric, fields.value, ts)];
  }
  const metrics = Object.entries(fields).filter(([, value]) => typeof value === 'number');
  if (metrics.length === 0) return [problem('payload', 'bad-payload', 'the object has no numeric field')];
  return metrics.map(([metric, value]) => {
    const why = nameProblem(metric, limits.maxNameBytes);
    return why
      ? problem('metric', 'bad-payload', `a field name ${why}`)
      : finish(names.sensor, metric, value, ts);
  });
}

function finish(sensor: string, metric: string, value: unknown, ts: unknown): Decoded {
  if (typeof value !== 'number')
    return problem('value', 'bad-value', `value must be a number, not ${kind(value)}`);
  if (!Number.isFinite(value)) return problem('value', 'bad-value', 'value is too large for a double');
  // Adding 0 turns -0 into 0, which is equal but not the same to every store.
  const reading = { sensor, metric, value: value + 0 };
  if (ts === undefined) return { reading };
  const time = readTime(ts);
  return time === null
    ? problem('ts', 'bad-ts', `ts must be ms since 1970 or ISO 8601, not ${kind(ts)}`)
    : { reading: { ...reading, ts: time } };
}

function kind(value: unknown): string {
  if (typeof value === 'string') return `the text '${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'an array' : value === undefined ? 'missing' : 'an object';
}
