/**
 * The table of formats: a codec for each name, and how `auto` tells what a payload is. `auto` never guesses between two
 * readings of one payload: what could be either is a problem that says which setting decides it.
 */

import { cborCodec, parseCbor } from './cbor.ts';
import { bad, type Codec, type CodecContext, type Content, shown } from './codec.ts';
import { csvCodec, looksLikeTable } from './csv.ts';
import { floatCodecs } from './floats.ts';
import { jsonCodec, parseJson } from './json.ts';
import { isLineProtocol, isTelegraf, lineProtocolCodec } from './line-protocol.ts';
import { messagePackCodec, parseMessagePack } from './message-pack.ts';
import { numberCodec, parseNumber, parseSwitch } from './number.ts';
import { plainTree } from './plain-tree.ts';
import { isSenml, named, readSenml, senmlCborCodec, senmlCodec } from './senml.ts';
import { textOf } from './text.ts';

/** Sparkplug B is not in it: its codec needs the topic (sparkplug.ts). */
export const CODECS = {
  json: jsonCodec,
  number: numberCodec,
  csv: csvCodec,
  senml: senmlCodec,
  'senml-cbor': senmlCborCodec,
  cbor: cborCodec,
  msgpack: messagePackCodec,
  'line-protocol': lineProtocolCodec,
  ...floatCodecs,
} as const satisfies Record<string, Codec>;

export type KnownFormat = keyof typeof CODECS;

export interface Recognised {
  readonly format: KnownFormat;
  readonly content: Content;
}

/** What a payload is, and what is in it. */
export function recognise(bytes: Uint8Array, context: CodecContext): Recognised {
  const text = textOf(bytes);
  if (typeof text === 'string' && isOpening(text.charCodeAt(0))) return recogniseJson(bytes, text, context);
  // Control characters other than tab and line breaks are in no text format.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (typeof text !== 'string' || /[\u0000-\u0008\u000e-\u001f]/.test(text)) {
    return binary(bytes, context) ?? { format: 'json', content: notText(text) };
  }
  if (text === '' || parseNumber(text, context.decimalComma) || parseSwitch(text) !== null) {
    return { format: 'number', content: { document: text } };
  }
  if (text.startsWith('"')) return recogniseJson(bytes, text, context);
  if (looksLikeTable(text)) return { format: 'csv', content: csvCodec.decode(bytes, context) };
  if (isLineProtocol(text))
    return { format: 'line-protocol', content: lineProtocolCodec.decode(bytes, context) };
  if (context.columns) return { format: 'csv', content: csvCodec.decode(bytes, context) };
  if (looksLikeNumbers(text)) return { format: 'csv', content: ambiguous(text) };
  // A word: the source may know it as one that says nothing.
  return { format: 'number', content: { document: text } };
}

/** { or [ */
function isOpening(code: number): boolean {
  return code === 0x7b || code === 0x5b;
}

function recogniseJson(bytes: Uint8Array, text: string, context: CodecContext): Recognised {
  let document: unknown;
  try {
    document = parseJson(text);
  } catch {
    const content = bad('not-json', `the payload is neither a number nor JSON: '${shown(text)}'`);
    return isLineProtocol(text)
      ? { format: 'line-protocol', content: lineProtocolCodec.decode(bytes, context) }
      : { format: 'json', content };
  }
  if (isSenml(document)) return { format: 'senml', content: readSenml(document, context) };
  return { format: 'json', content: isTelegraf(document) ? { document, form: 'metrics' } : { document } };
}

function notText(
  text: string | { readonly problem: Extract<Content, { problem: unknown }>['problem'] },
): Content {
  return typeof text === 'string'
    ? bad('not-json', `the payload is neither a number nor JSON: '${shown(text)}'`)
    : text;
}

function looksLikeNumbers(text: string): boolean {
  return /^[+-]?[\d.]+(\s*[,;\t]\s*[+-]?[\d.]+)+$/.test(text.length > 2000 ? text.slice(0, 2000) : text);
}

function ambiguous(text: string): Content {
  const detail = `'${shown(text)}' may be a number with a decimal comma or CSV: set decimal_comma: true, or format: csv`;
  return bad('ambiguous', detail);
}

/** CBOR or MessagePack, where the whole payload is one map with texts as keys, or a list of such maps. */
function binary(bytes: Uint8Array, context: CodecContext): Recognised | null {
  // Both formats have maps that begin alike: which of them it is shows when it is read to its end.
  const cbor = attempt(() => parseCbor(bytes));
  const records = named(cbor);
  if (isSenml(records)) return { format: 'senml-cbor', content: readSenml(records, context) };
  const tree = plainTree(cbor);
  if (isNamed(cbor, tree)) return { format: 'cbor', content: { document: tree } };
  const pack = attempt(() => parseMessagePack(bytes));
  const document = plainTree(pack);
  return isNamed(pack, document) ? { format: 'msgpack', content: { document } } : null;
}

function attempt(decode: () => unknown): unknown {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** Random bytes are seldom a map that ends where the payload ends and has printable names alone. */
function isNamed(pack: unknown, document: unknown): boolean {
  if (Array.isArray(pack) && Array.isArray(document)) {
    return pack.length > 0 && pack.every((each, i) => isNamed(each, document[i]));
  }
  if (pack instanceof Map && [...pack.keys()].some((key) => typeof key !== 'string')) return false;
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return false;
  const names = Object.keys(document);
  return names.length > 0 && names.every((name) => /^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(name));
}
