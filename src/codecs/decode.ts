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

const problem = (field: string, reason: string, detail: string): { readonly problem: Problem } => ({
  problem: { field, reason, detail },
});

/** What the topic of a message says of its readings, or why it says nothing. */
type Named = TopicNames | { readonly problem: Problem };

/** Topics whose names are remembered, and how long they may be: devices publish on the same ones again and again. */
const TOPICS_MAX = 10_000;
const TOPIC_LENGTH_MAX = 500;

/** Reads messages by the same templates and limits; never throws. */
export class Decoder {
  private readonly names = new Map<string, TopicNames>();

  constructor(
    private readonly templates: readonly TopicTemplate[],
    private readonly limits: DecodeLimits,
  ) {}

  /** Decodes one message. @returns at least one element */
  decode(topic: string, bytes: Uint8Array): Decoded[] {
    const names = this.namesOf(topic);
    if ('problem' in names) return [names];
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      return [problem('payload', 'not-utf8', 'the payload is not UTF-8 text')];
    }
    const trimmed = text.trim();
    const number = parseDecimal(trimmed);
    if (number !== null) return decodeElement(number, names, this.limits);
    let json: unknown;
    try {
      json = JSON.parse(trimmed);
    } catch {
      const shown = trimmed.length > 40 ? `${trimmed.slice(0, 40)}…` : trimmed;
      return [problem('payload', 'not-json', `the payload is neither a number nor JSON: '${shown}'`)];
    }
    if (!Array.isArray(json)) return decodeElement(json, names, this.limits);
    if (json.length === 0) return [problem('payload', 'bad-payload', 'the array is empty')];
    const { maxReadings } = this.limits;
    if (json.length > maxReadings) {
      const detail = `${json.length} readings in one message, at most ${maxReadings}`;
      return [problem('payload', 'bad-payload', detail)];
    }
    return json.flatMap((element) => decodeElement(element, names, this.limits));
  }

  private namesOf(topic: string): Named {
    const known = this.names.get(topic);
    if (known) return known;
    const names = readNames(topic, this.templates, this.limits.maxNameBytes);
    if ('problem' in names || topic.length > TOPIC_LENGTH_MAX) return names;
    if (this.names.size >= TOPICS_MAX) this.names.clear();
    this.names.set(topic, names);
    return names;
  }
}

function readNames(topic: string, templates: readonly TopicTemplate[], maxNameBytes: number): Named {
  let names: TopicNames;
  try {
    names = namesIn(templates, topic);
  } catch (error) {
    return problem('topic', 'bad-topic', (error as InvalidInput).message);
  }
  for (const field of ['sensor', 'metric'] as const) {
    const why = names[field] === null ? null : nameProblem(names[field], maxNameBytes);
    if (why) return problem(field, 'bad-topic', `the ${field} name in the topic ${why}`);
  }
  return names;
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
  const object = element as Record<string, unknown>;
  if (names.metric !== null) {
    if (!('value' in object)) return [problem('value', 'bad-value', "the object has no field 'value'")];
    return [finish(names.sensor, names.metric, object.value, object.ts)];
  }
  const { ts, ...fields } = object;
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
  if (ts === undefined) return { reading: { sensor, metric, value: value + 0 } };
  const time = readTime(ts);
  return time === null
    ? problem('ts', 'bad-ts', `ts must be ms since 1970 or ISO 8601, not ${kind(ts)}`)
    : { reading: { sensor, metric, value: value + 0, ts: time } };
}

function kind(value: unknown): string {
  if (typeof value === 'string') return `the text '${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'an array' : value === undefined ? 'missing' : 'an object';
}
