/** What a payload looks like to somebody who does not know its source: which keys its source needs. */
import { compressionOf } from '../codecs/compression.ts';
import { parseJson } from '../codecs/json.ts';
import { isSenml } from '../codecs/senml.ts';
import type { SourceSpec } from './source.ts';
import type { PayloadKind } from './topic-patterns.ts';

export interface PayloadLook {
  /** `value`: the topic has to name the metric. */
  readonly kind: PayloadKind;
  /** Keys that the source needs besides its topic. */
  readonly keys: Pick<SourceSpec, 'preset' | 'format' | 'decimal_comma'>;
}

const VALUE: PayloadLook = { kind: 'value', keys: {} };
const OBJECT: PayloadLook = { kind: 'object', keys: {} };

/** By the first byte: { or [, or one of a map or list of CBOR and MessagePack, or of a compressed payload. */
export function payloadKind(bytes: Uint8Array): PayloadKind {
  const first = Buffer.from(bytes).toString('latin1').trimStart().charCodeAt(0);
  return first === 0x7b || first === 0x5b || first >= 0x80 || first < 0x20 ? 'object' : 'value';
}

export function lookOf(bytes: Uint8Array): PayloadLook {
  if (bytes.length === 0) return VALUE;
  const text = Buffer.from(bytes).toString('utf8').trim();
  if (/^[+-]?\d+,\d+$/.test(text)) return { kind: 'value', keys: { decimal_comma: true } };
  if (/^[+-]?[\d.]+([,;\t]\s*[+-]?[\d.]+)+$/.test(text.slice(0, 1000)))
    return { kind: 'value', keys: { format: 'csv' } };
  if (isFloat(bytes)) return { kind: 'value', keys: { format: 'float32' } };
  if (payloadKind(bytes) === 'value' || compressionOf(bytes) !== 'none') {
    return payloadKind(bytes) === 'value' ? VALUE : OBJECT;
  }
  return ofJson(text);
}

function ofJson(text: string): PayloadLook {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    return OBJECT;
  }
  if (isSenml(json)) {
    // A name that is a device alone leaves the metric to the topic.
    const named = json.some(({ bn, n }) => typeof bn === 'string' || !/^urn:/i.test(String(n)));
    return { kind: named ? 'object' : 'value', keys: { preset: 'senml', format: 'senml' } };
  }
  const elements = Array.isArray(json) ? json : [json];
  if (elements.every((element) => typeof element === 'number')) return VALUE;
  const objects = elements.filter((element) => typeof element === 'object' && element !== null);
  if (objects.some((object) => 'value' in object)) return VALUE;
  return objects.some((object) => 'linkquality' in object)
    ? { kind: 'object', keys: { preset: 'zigbee2mqtt' } }
    : OBJECT;
}

/** Four bytes that are no text, and a number of a usual size when they are read as one. */
function isFloat(bytes: Uint8Array): boolean {
  if (bytes.length !== 4 || bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) return false;
  const value = Math.abs(new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true));
  return value > 1e-4 && value < 1e7;
}
