/** From what the settings say of a source to a source at work: every expression is compiled here, once. */
import { NameTemplate } from './name-template.ts';
import { Path } from './path.ts';
import { NULL_WORDS, type Source, type SourceSpec, type SteppedUnit } from './source.ts';
import { TimeZone } from './time-zone.ts';
import { TopicTemplate } from './topic-template.ts';

/** A mistake in a source, by its key. */
export class SourceMistake extends Error {
  constructor(
    readonly key: string,
    message: string,
  ) {
    super(message);
  }
}

/** Formats whose messages name their values themselves. */
const NAMING = new Set(['senml', 'senml-cbor', 'sparkplug-b', 'line-protocol']);
const PUBLISHER = new Set(['client', 'user']);
/** Keys that say nothing of how a message is read. */
const NEUTRAL = new Set(['topic', 'preset', 'format', 'compression', 'continue', 'time_zone']);

/** @throws SourceMistake */
export function compileSource(spec: SourceSpec, defaultZone: string | null = null): Source {
  const topic = within('topic', () => new TopicTemplate(spec.topic));
  const each = paths(spec, 'each');
  const sensor = template(spec, 'sensor');
  const metric = template(spec, 'metric');
  const known = new Set([...topic.names, ...(each ?? []).flatMap(({ names }) => names), ...PUBLISHER]);
  for (const [key, names] of [
    ['sensor', sensor?.names ?? []],
    ['metric', metric?.names ?? []],
  ] as const) {
    const unknown = names.find((name) => !known.has(name));
    if (unknown !== undefined) throw new SourceMistake(key, `neither topic nor each has {${unknown}}`);
  }
  const format = spec.format ?? 'auto';
  const named = sensor !== null || known.has('sensor') || NAMING.has(format) || spec.preset !== undefined;
  if (!named && spec.ignore !== true) {
    throw new SourceMistake(
      'topic',
      'nothing names the sensor: write {sensor} in the topic, or the key sensor',
    );
  }
  if (spec.value !== undefined && spec.fields !== undefined) {
    throw new SourceMistake('value', 'value and fields cannot both be set: one value, or every field');
  }
  if (spec.value !== undefined && !metric && !known.has('metric')) {
    throw new SourceMistake(
      'value',
      'nothing names the metric: write {metric} in the topic, or the key metric',
    );
  }
  const zone = spec.time_zone ?? defaultZone;
  const nullWords = new Set((spec.null_words ?? NULL_WORDS).map((word) => word.trim().toLowerCase()));
  return {
    name: spec.preset ?? spec.topic,
    topic,
    format,
    compression: spec.compression ?? 'auto',
    each,
    sensor,
    metric,
    fields: paths(spec, 'fields'),
    value: paths(spec, 'value'),
    include: spec.include ?? null,
    exclude: spec.exclude ?? [],
    rename: new Map(Object.entries(spec.rename ?? {})),
    unit: (spec.unit ?? []).map(
      ([pattern, unit]) =>
        [
          pattern,
          unit.startsWith('$') ? within('unit', () => Path.compile(unit)) : (steppedUnit(unit) ?? unit),
        ] as const,
    ),
    convert: spec.convert ?? [],
    time: paths(spec, 'time'),
    timeUnit: spec.time_unit ?? 'auto',
    timeZone: zone === null ? null : zoneOf(zone),
    decimalComma: spec.decimal_comma ?? false,
    nullWords,
    nullWordLength: Math.max(...[...nullWords].map(({ length }) => length)),
    columns: spec.columns ?? null,
    booleans: spec.booleans ?? false,
    quiet: spec.quiet ?? false,
    payload: spec.payload ?? null,
    ignore: spec.ignore ?? false,
    continue: spec.continue ?? false,
    plain:
      Object.keys(spec).every((key) => NEUTRAL.has(key)) &&
      format === 'auto' &&
      topic.names.includes('sensor') &&
      topic.names.includes('metric'),
  };
}

function paths(spec: SourceSpec, key: 'each' | 'fields' | 'value' | 'time'): Path[] | null {
  return spec[key]?.map((text) => within(key, () => Path.compile(text))) ?? null;
}

function template(spec: SourceSpec, key: 'sensor' | 'metric'): NameTemplate | null {
  const text = spec[key];
  return text === undefined ? null : within(key, () => NameTemplate.compile(text));
}

function zoneOf(name: string): TimeZone {
  try {
    return new TimeZone(name);
  } catch {
    throw new SourceMistake('time_zone', `'${name}' is no time zone: write one such as Europe/Madrid or UTC`);
  }
}

function within<T>(key: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SourceMistake(key, error.message);
  }
}

function steppedUnit(text: string): SteppedUnit | null {
  const [, below, at, above] = /^([^<]+)<(\d+(?:\.\d+)?)<([^<]+)$/.exec(text) ?? [];
  return below === undefined ? null : { below: below.trim(), at: Number(at), above: above!.trim() };
}
