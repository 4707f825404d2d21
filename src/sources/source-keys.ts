/** The keys of a source in the settings: what each may be, and how a mistake is told. */
import { CONVERSIONS, type Conversion } from './conversion.ts';
import { type ByMetric, FORMATS, type FormatName, type SourceSpec } from './source.ts';

/** Why a value cannot be used. */
export class Wrong {
  constructor(readonly must: string) {}
}

type Reader = (value: unknown) => unknown;

/** Other names that people know a format by. */
const ALIASES: Readonly<Record<string, FormatName>> = {
  'senml-json': 'senml',
  'senml+json': 'senml',
  'senml+cbor': 'senml-cbor',
  messagepack: 'msgpack',
  'message-pack': 'msgpack',
  influx: 'line-protocol',
  lineprotocol: 'line-protocol',
  line_protocol: 'line-protocol',
  sparkplug: 'sparkplug-b',
  sparkplugb: 'sparkplug-b',
  text: 'number',
  value: 'number',
  float: 'float32',
  'float32-le': 'float32',
  double: 'float64',
};
const UNITS: Readonly<Record<string, string>> = {
  ...{ auto: 'auto', s: 's', sec: 's', second: 's', seconds: 's', unix: 's' },
  ...{ ms: 'ms', unix_ms: 'ms', milliseconds: 'ms', us: 'us', µs: 'us', unix_us: 'us', microseconds: 'us' },
  ...{ ns: 'ns', unix_ns: 'ns', nanoseconds: 'ns' },
};

const isText = (value: unknown): value is string => typeof value === 'string';

const text: Reader = (value) =>
  isText(value) && value.trim() !== ''
    ? value
    : new Wrong(
        typeof value === 'object' && value !== null
          ? 'must be a text: put quotes around {…}'
          : 'must be a text',
      );

const truth: Reader = (value) => {
  if (typeof value === 'boolean') return value;
  const known = isText(value)
    ? { yes: true, no: false, true: true, false: false, on: true, off: false }[value]
    : undefined;
  return known ?? new Wrong('must be true or false');
};

function texts(must: string): Reader {
  return (value) => {
    const list = Array.isArray(value) ? value : [value];
    const good = list.every((each) => ['string', 'number', 'boolean'].includes(typeof each) && each !== '');
    return good && list.length > 0 ? list.map(String) : new Wrong(must);
  };
}

const words: Reader = (value) => {
  const list = Array.isArray(value) ? value : [value];
  // In YAML null and .nan are no texts.
  const good = list.every((each) => each === null || typeof each !== 'object');
  return good
    ? list.map((each) => (each === null ? 'null' : String(each)))
    : new Wrong('must be a list of words');
};

const paths: Reader = (value) => {
  const list = Array.isArray(value) ? value : [value];
  const good = list.length > 0 && list.every((each) => isText(each) && each.startsWith('$'));
  return good ? list : new Wrong('must be a path such as $.object, or a list of them');
};

const format: Reader = (value) => {
  const name = String(value).toLowerCase();
  const known = ALIASES[name] ?? FORMATS.find((each) => each === name);
  return known ?? new Wrong(`must be one of ${FORMATS.join(', ')}`);
};

const compression: Reader = (value) => {
  const known = {
    none: 'none',
    off: 'none',
    gzip: 'gzip',
    deflate: 'deflate',
    zlib: 'deflate',
    auto: 'auto',
  }[value === false ? 'none' : String(value)];
  return known ?? new Wrong('must be none, gzip, deflate or auto');
};

const timeUnit: Reader = (value) => UNITS[String(value)] ?? new Wrong('must be auto, s, ms, us or ns');

const rename: Reader = (value) => {
  const good =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => ['string', 'number'].includes(typeof each) && each !== '');
  if (!good) return new Wrong('must be a map of names, such as {tC: temperature}');
  return Object.fromEntries(Object.entries(value).map(([from, to]) => [from, String(to)]));
};

/** A value for all metrics, or a map from patterns of metrics to values. */
function byMetric<T>(one: (value: unknown) => T | Wrong, isOne: (value: object) => boolean): Reader {
  return (value) => {
    if (typeof value !== 'object' || value === null || isOne(value)) {
      const read = one(value);
      return read instanceof Wrong ? read : ([['*', read]] satisfies ByMetric<T>);
    }
    if (Array.isArray(value)) return one(value);
    const list: (readonly [string, T])[] = [];
    for (const [pattern, each] of Object.entries(value)) {
      const read = one(each);
      if (read instanceof Wrong) return new Wrong(`${pattern}: ${read.must}`);
      list.push([pattern, read]);
    }
    return list.length > 0 ? list : new Wrong('must name at least one metric');
  };
}

function oneConversion(value: unknown): Conversion | Wrong {
  const known = isText(value) && Object.hasOwn(CONVERSIONS, value) ? CONVERSIONS[value] : undefined;
  if (known) return known;
  if (typeof value !== 'object' || value === null) {
    return new Wrong(`must be {scale: …, offset: …} or one of ${Object.keys(CONVERSIONS).join(', ')}`);
  }
  const { scale = 1, offset = 0, ...more } = value as Record<string, unknown>;
  const good = [scale, offset].every((each) => typeof each === 'number' && Number.isFinite(each));
  return good && Object.keys(more).length === 0
    ? { scale: scale as number, offset: offset as number }
    : new Wrong('must have numbers as scale and offset, and nothing else');
}

const isLinear = (value: object) => 'scale' in value || 'offset' in value;

/** Every key, with what reads it. */
export const KEYS: { readonly [K in keyof SourceSpec]-?: Reader } = {
  topic: text,
  preset: text,
  format,
  compression,
  each: paths,
  sensor: text,
  metric: text,
  fields: paths,
  value: paths,
  include: texts('must be a list of names, in which * stands for any characters'),
  exclude: texts('must be a list of names, in which * stands for any characters'),
  rename,
  unit: byMetric(
    (value) => (isText(value) && value !== '' ? value : new Wrong('must be a unit, or a path to it')),
    () => false,
  ),
  convert: byMetric(oneConversion, isLinear),
  time: paths,
  time_unit: timeUnit,
  time_zone: text,
  decimal_comma: truth,
  null_words: words,
  columns: texts('must be a list of names of columns'),
  booleans: truth,
  quiet: truth,
  payload: (value) =>
    value === 'object' || value === 'value' ? value : new Wrong('must be object or value'),
  ignore: truth,
  continue: truth,
};
