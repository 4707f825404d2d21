/** A source as the settings have it, and as it is used: with its expressions compiled. */
import type { Compression } from '../codecs/compression.ts';
import type { Conversion } from './conversion.ts';
import type { NameTemplate } from './name-template.ts';
import type { Path } from './path.ts';
import type { TimeUnit } from './time.ts';
import type { TimeZone } from './time-zone.ts';
import type { TopicTemplate } from './topic-template.ts';

export const FORMATS = [
  'auto',
  'json',
  'number',
  'csv',
  'senml',
  'senml-cbor',
  'cbor',
  'msgpack',
  'line-protocol',
  'sparkplug-b',
  'float32',
  'float32-be',
  'float64',
  'float64-be',
] as const;
export type FormatName = (typeof FORMATS)[number];

/** By pattern of metric (domain/glob.ts); the first that fits counts. `*` stands for a value without a pattern. */
export type ByMetric<T> = readonly (readonly [pattern: string, value: T])[];

/**
 * What the settings say of a source. Everything but the topic may be left out. Where there are several paths, the first
 * counts that leads anywhere.
 */
export interface SourceSpec {
  readonly topic: string;
  readonly preset?: string;
  readonly format?: FormatName;
  readonly compression?: Compression;
  readonly each?: readonly string[];
  readonly sensor?: string;
  readonly metric?: string;
  readonly fields?: readonly string[];
  readonly value?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
  readonly unit?: ByMetric<string>;
  readonly convert?: ByMetric<Conversion>;
  readonly time?: readonly string[];
  readonly time_unit?: TimeUnit;
  readonly time_zone?: string;
  readonly decimal_comma?: boolean;
  readonly null_words?: readonly string[];
  readonly columns?: readonly string[];
  readonly booleans?: boolean;
  readonly quiet?: boolean;
  readonly payload?: 'object' | 'value';
  readonly ignore?: boolean;
  readonly continue?: boolean;
}

/** Words that say that there is no value; compared in small letters. */
export const NULL_WORDS = ['nan', 'unavailable', 'unknown', 'null', ''] as const;

/** For devices that send one name in two units, whose values do not meet: 231 V and 2935 mV. Written `V<1000<mV`. */
export interface SteppedUnit {
  readonly below: string;
  readonly at: number;
  readonly above: string;
}

/** One source at work. */
export interface Source {
  /** In metrics and in what commands print: the preset, or else the topic. */
  readonly name: string;
  readonly topic: TopicTemplate;
  readonly format: FormatName;
  readonly compression: Compression;
  readonly each: readonly Path[] | null;
  readonly sensor: NameTemplate | null;
  readonly metric: NameTemplate | null;
  readonly fields: readonly Path[] | null;
  readonly value: readonly Path[] | null;
  readonly include: readonly string[] | null;
  readonly exclude: readonly string[];
  readonly rename: ReadonlyMap<string, string>;
  /** A unit, a path to it, or two units and the value that lies between them. */
  readonly unit: ByMetric<string | Path | SteppedUnit>;
  readonly convert: ByMetric<Conversion>;
  readonly time: readonly Path[] | null;
  readonly timeUnit: TimeUnit;
  readonly timeZone: TimeZone | null;
  readonly decimalComma: boolean;
  readonly nullWords: ReadonlySet<string>;
  /** Length of the longest of them. */
  readonly nullWordLength: number;
  readonly columns: readonly string[] | null;
  /** Whether true, false, ON and OFF in fields are 1 and 0. */
  readonly booleans: boolean;
  /** Whether messages without any number are usual, and no dead letters. */
  readonly quiet: boolean;
  /** Only messages that are an object or a list, or only those that are neither; null: both. */
  readonly payload: 'object' | 'value' | null;
  readonly ignore: boolean;
  readonly continue: boolean;
  /** Nothing is set but the topic, which gives sensor and metric: the fast path may be taken. */
  readonly plain: boolean;
}
