/**
 * Reads the protobuf of Sparkplug B (specification 3.0, section 6.4): only the fields that make a reading, everything else is
 * skipped without being decoded, because a message of 20 metrics comes many times a second.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { shortest } from './floats.ts';

export interface SparkplugMetric {
  /** Absent where only the alias is given: in NDATA and DDATA after a birth. */
  readonly name?: string;
  readonly alias?: number;
  /** ms UTC. */
  readonly ts?: number;
  /** What kind of value it is (`DATA_TYPES`); 0 where the message does not say. */
  readonly datatype: number;
  /** Recorded before and sent later. */
  readonly historical: boolean;
  /** Absent where the metric has no value, or one that is no number. */
  readonly value?: number;
  /** A whole number as it came, without its sign: a metric with an alias alone does not say its datatype. */
  readonly whole?: number | bigint;
  /** What the value is; `none` where the message has none. */
  readonly kind: 'number' | 'boolean' | 'null' | 'text' | 'bytes' | 'dataset' | 'template' | 'none';
  readonly unit?: string;
}

export interface SparkplugPayload {
  readonly ts?: number;
  /** 0 to 255, counted by the edge node. */
  readonly seq?: number;
  readonly metrics: readonly SparkplugMetric[];
}

/** Bits of the whole numbers with a sign, which come as if they had none. */
const SIGNED_BITS: Readonly<Record<number, number>> = { 1: 8, 2: 16, 3: 32, 4: 64 };
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @throws Error where the bytes are no such message */
export function readSparkplug(bytes: Uint8Array): SparkplugPayload {
  const reader = new BinaryReader(bytes);
  const metrics: SparkplugMetric[] = [];
  const payload: Mutable<SparkplugPayload> = { metrics };
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.Varint) payload.ts = Number(reader.uint64());
    else if (field === 2 && wire === WireType.LengthDelimited)
      metrics.push(readMetric(reader, reader.uint32()));
    else if (field === 3 && wire === WireType.Varint) payload.seq = Number(reader.uint64());
    else reader.skip(wire, field);
  }
  return payload;
}

function readMetric(reader: BinaryReader, length: number): SparkplugMetric {
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('a metric is cut off');
  const metric: Mutable<SparkplugMetric> = { datatype: 0, historical: false, kind: 'none' };
  let whole: number | bigint | undefined;
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === 1) metric.name = reader.string();
    else if (field === 2) metric.alias = Number(reader.uint64());
    else if (field === 3) metric.ts = Number(reader.uint64());
    else if (field === 4) metric.datatype = reader.uint32();
    else if (field === 5) metric.historical = reader.bool();
    else if (field === 7) {
      if (reader.bool()) metric.kind = 'null';
    } else if (field === 9) readUnit(reader, metric);
    else if (field === 10) whole = reader.uint32();
    else if (field === 11) whole = wide(reader.uint64());
    else if (field === 12) number(metric, shortest(reader.float()));
    else if (field === 13) number(metric, reader.double());
    else if (field === 14) {
      metric.value = Number(reader.bool());
      metric.kind = 'boolean';
    } else {
      if (field >= 15 && field <= 18)
        metric.kind = (['text', 'bytes', 'dataset', 'template'] as const)[field - 15]!;
      reader.skip(wire, field);
    }
  }
  if (reader.pos !== end) throw new RangeError('a metric is longer than it says');
  if (whole !== undefined && metric.kind !== 'null') {
    metric.whole = whole;
    number(metric, signed(whole, metric.datatype));
  }
  return metric;
}

function number(metric: Mutable<SparkplugMetric>, value: number): void {
  if (metric.kind === 'null') return;
  if (Number.isNaN(value)) metric.kind = 'null';
  else {
    metric.value = value;
    metric.kind = 'number';
  }
}

function wide(value: bigint | string): bigint {
  return typeof value === 'bigint' ? value : BigInt(value);
}

/** Data types 1 to 4 are signed: they come in two's complement of 32 or 64 bits. */
export function signed(value: number | bigint, datatype: number): number {
  const bits = SIGNED_BITS[datatype];
  if (bits === undefined) return Number(value);
  if (typeof value === 'number' && bits <= 32) return (value << (32 - bits)) >> (32 - bits);
  return Number(BigInt.asIntN(bits, BigInt(value)));
}

/** The property `engUnit` of a PropertySet (names in field 1, values in field 2, in the same order). */
function readUnit(reader: BinaryReader, metric: Mutable<SparkplugMetric>): void {
  const end = reader.uint32() + reader.pos;
  const names: string[] = [];
  const texts: (string | undefined)[] = [];
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === 1) names.push(reader.string());
    else if (field === 2) texts.push(propertyText(reader));
    else reader.skip(wire, field);
  }
  const unit = texts[names.findIndex((name) => /^(eng)?units?$/i.test(name))];
  if (unit) metric.unit = unit;
}

function propertyText(reader: BinaryReader): string | undefined {
  const end = reader.uint32() + reader.pos;
  let text: string | undefined;
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === 8) text = reader.string();
    else reader.skip(wire, field);
  }
  return text;
}
