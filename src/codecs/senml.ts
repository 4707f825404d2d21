/**
 * SenML (RFC 8428), as JSON and as CBOR: base fields, relative times and units. Names, times and units come from the
 * message; section 4.6 says how a record is resolved.
 */

import { parseCbor } from './cbor.ts';
import {
  bad,
  type Codec,
  type CodecContext,
  type Content,
  type Element,
  type Ignored,
  why,
} from './codec.ts';
import { parseJson } from './json.ts';
import { textOf } from './text.ts';

/** Numeric labels of SenML in CBOR (RFC 8428, table 4), and the names they have in JSON. */
const CBOR_LABELS: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  ...(['bver', 'bn', 'bt', 'bu', 'bv', 'bs'] as const).map((name, i) => [-1 - i, name] as const),
  ...(['n', 'u', 'v', 'vs', 'vb', 's', 't', 'ut', 'vd'] as const).map((name, i) => [i, name] as const),
]);
const LABELS: ReadonlySet<string> = new Set(CBOR_LABELS.values());
const VALUES = ['v', 'vb', 'vs', 'vd', 's'] as const;
/** Times below it, in seconds, are relative to now (RFC 8428, section 4.5.3). */
const RELATIVE_BELOW = 2 ** 28;
/** The newest version of the format that RFC 8428 knows. */
const VERSION = 10;

type SenmlRecord = Readonly<Record<string, unknown>>;

/** Base fields hold for their record and all after it. */
interface Base {
  name: string;
  time: number;
  unit: string | undefined;
  value: number;
  sum: number;
}

/** Whether a JSON document is SenML: records with labels of it alone, of which one has a name and each a value or a base. */
export function isSenml(document: unknown): document is readonly SenmlRecord[] {
  if (!Array.isArray(document)) return false;
  let named = false;
  for (const record of document as unknown[]) {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) return false;
    const labels = Object.keys(record);
    if (labels.length === 0 || labels.some((label) => !LABELS.has(label))) return false;
    named ||= 'n' in record || 'bn' in record;
    if (!VALUES.some((label) => label in record) && !labels.some((label) => label.startsWith('b')))
      return false;
  }
  return named && document.some((record) => VALUES.some((label) => label in record));
}

/** The values of a SenML pack. Never throws. */
export function readSenml(document: unknown, { receivedAt, maxReadings }: CodecContext): Content {
  if (!Array.isArray(document)) return bad('not-senml', 'a SenML pack must be a list of records');
  if (document.length > maxReadings) {
    return bad('bad-payload', `${document.length} records in one message, at most ${maxReadings}`);
  }
  const base: Base = { name: '', time: 0, unit: undefined, value: 0, sum: 0 };
  const elements: Element[] = [];
  const ignored: Ignored[] = [];
  for (const [i, record] of (document as unknown[]).entries()) {
    const path = `[${i}]`;
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      return bad('not-senml', `record ${i} of the SenML pack is no object`);
    }
    const fields = record as SenmlRecord;
    const unknown = Object.keys(fields).find((label) => label.endsWith('_'));
    if (unknown !== undefined)
      return bad('not-senml', `field ${unknown} must be understood and is not known`);
    if (typeof fields.bver === 'number' && fields.bver > VERSION) {
      return bad('not-senml', `version ${fields.bver} of SenML is newer than ${VERSION}`);
    }
    rebase(base, fields);
    if (!VALUES.some((label) => label in fields) && !('bv' in fields && 'n' in fields)) continue;
    const value = recordValue(fields, base);
    if (typeof value === 'string')
      ignored.push({ path: `${path}.${value}`, reason: value === 'vd' ? 'bytes' : 'text' });
    else elements.push(elementOf(fields, base, value, path, receivedAt));
  }
  return { elements, ignored };
}

function rebase(base: Base, record: SenmlRecord): void {
  if (typeof record.bn === 'string') base.name = record.bn;
  if (typeof record.bu === 'string') base.unit = record.bu;
  for (const [label, field] of [
    ['bt', 'time'],
    ['bv', 'value'],
    ['bs', 'sum'],
  ] as const) {
    const number = record[label];
    if (typeof number === 'number' && Number.isFinite(number)) base[field] = number;
  }
}

/** @returns the label instead where the value is no number; null where the device gives none */
function recordValue(record: SenmlRecord, base: Base): number | null | string {
  if (typeof record.v === 'number') return Number.isFinite(record.v) ? record.v + base.value : null;
  if (typeof record.vb === 'boolean') return Number(record.vb);
  if ('vs' in record) return 'vs';
  if ('vd' in record) return 'vd';
  if (typeof record.s === 'number') return Number.isFinite(record.s) ? record.s + base.sum : null;
  return 'v' in record || 's' in record || 'vb' in record ? null : base.value;
}

function elementOf(
  record: SenmlRecord,
  base: Base,
  value: number | null,
  path: string,
  receivedAt: number,
): Element {
  const seconds = base.time + (Number.isFinite(record.t) ? (record.t as number) : 0);
  const since = seconds < RELATIVE_BELOW ? receivedAt : 0;
  const unit = typeof record.u === 'string' ? record.u : base.unit;
  const sum = !('v' in record) && 's' in record;
  const { sensor, metric } = splitName(base.name, typeof record.n === 'string' ? record.n : '');
  return {
    path,
    value,
    ...(sensor !== '' && { sensor }),
    ...(metric !== '' && { metric: sum ? `${metric}.sum` : metric }),
    ...(unit !== undefined && { unit: sum ? `${unit}.s` : unit }),
    // No time at all, neither base nor own, is now: the pipeline gives the time of arrival.
    ...(seconds !== 0 && { ts: Math.round(since + seconds * 1000) }),
  };
}

/**
 * The base name is the device, the name is what it measures. A whole name without a base (`urn:dev:ow:10e2073a01080063:temp`,
 * `room1/temp`) is divided at its last `/`, or where an URN of a device has more parts than its kind and its id.
 */
export function splitName(base: string, name: string): { sensor: string; metric: string } {
  const device = base.replace(/[/:._-]+$/, '');
  if (device !== '') return { sensor: device, metric: name };
  const slash = name.lastIndexOf('/');
  if (slash > 0 && slash < name.length - 1)
    return { sensor: name.slice(0, slash), metric: name.slice(slash + 1) };
  // RFC 9039: urn:dev:<kind>:<id>, and components after an underscore.
  const [, urn, component = ''] = /^(urn:dev:[^:]+:[^:_]+)(?:[:_](.+))?$/i.exec(name) ?? [];
  if (urn !== undefined) return { sensor: urn, metric: component };
  return { sensor: '', metric: name };
}

/** JSON, or CBOR where the payload does not begin as a list of JSON does. */
export const senmlCodec: Codec = {
  decode(bytes, context) {
    if (bytes.length > 0 && bytes[0]! >= 0x80 && bytes[0]! !== 0xef)
      return senmlCborCodec.decode(bytes, context);
    const text = textOf(bytes);
    if (typeof text !== 'string') return text;
    if (text === '') return { document: null };
    try {
      return readSenml(parseJson(text), context);
    } catch {
      return bad('not-json', 'the payload is not JSON, as SenML must be');
    }
  },
};

export const senmlCborCodec: Codec = {
  decode(bytes, context) {
    if (bytes.length === 0) return { document: null };
    let pack: unknown;
    try {
      pack = parseCbor(bytes);
    } catch (error) {
      return bad('not-cbor', `the payload is not CBOR, as SenML must be: ${why(error)}`);
    }
    return readSenml(named(pack), context);
  },
};

/** The records with the names that their labels have in JSON. */
export function named(pack: unknown): unknown {
  if (!Array.isArray(pack)) return pack;
  return pack.map((record: unknown) =>
    record instanceof Map
      ? Object.fromEntries(
          [...record].map(([label, value]) => [CBOR_LABELS.get(label) ?? String(label), numberOf(value)]),
        )
      : record,
  );
}

function numberOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  // A decimal fraction (tag 4) and its kin are objects of their own.
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    const number = Number(value);
    return Number.isNaN(number) ? decimalFraction(value) : number;
  }
  return value;
}

/** Tag 4 of RFC 8949: exponent of ten, and mantissa. */
function decimalFraction(value: object): unknown {
  if (!('tag' in value && 'contents' in value) || Number(value.tag) !== 4) return null;
  const [exponent, mantissa] = (value.contents as unknown[]) ?? [];
  return Number(`${String(mantissa)}e${String(exponent)}`);
}
