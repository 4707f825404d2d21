/** What a birth of Sparkplug B says of aliases, and the command that asks an edge node for its births. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { AliasEntry } from './sparkplug.ts';
import { readSparkplug } from './sparkplug-payload.ts';

/** The newest birth of one sender. Kept in the store as JSON. */
export interface Birth {
  /** When it was sent, ms UTC. */
  readonly ts: number;
  /** Of NBIRTH: which of the sessions of the edge node. */
  readonly bdSeq?: number;
  readonly aliases: Readonly<Record<string, AliasEntry>>;
}

/** @throws Error where the bytes are no payload of Sparkplug B */
export function readBirth(bytes: Uint8Array): Birth {
  const { ts = 0, metrics } = readSparkplug(bytes);
  const aliases: Record<string, AliasEntry> = {};
  let bdSeq: number | undefined;
  for (const { name, alias, datatype, unit, value } of metrics) {
    if (name === 'bdSeq' && value !== undefined) bdSeq = value;
    if (name === undefined || alias === undefined) continue;
    aliases[alias] = { name, datatype, ...(unit !== undefined && { unit }) };
  }
  return { ts, aliases, ...(bdSeq !== undefined && { bdSeq }) };
}

/** @returns null for a text that is no birth. @throws nothing */
export function parseBirth(text: string | null): Birth | null {
  if (text === null) return null;
  try {
    const birth = JSON.parse(text) as Birth;
    return typeof birth.ts === 'number' && typeof birth.aliases === 'object' ? birth : null;
  } catch {
    return null;
  }
}

/** The payload of NCMD that makes an edge node send its births again (specification 3.0, section 6.4.20). */
export function rebirthCommand(now: number): Uint8Array {
  const metric = new BinaryWriter();
  metric.tag(1, WireType.LengthDelimited).string('Node Control/Rebirth');
  metric.tag(3, WireType.Varint).uint64(now);
  // Datatype 11 is Boolean.
  metric.tag(4, WireType.Varint).uint32(11);
  metric.tag(14, WireType.Varint).bool(true);
  const payload = new BinaryWriter();
  payload.tag(1, WireType.Varint).uint64(now);
  payload.tag(2, WireType.LengthDelimited).bytes(metric.finish());
  return payload.finish();
}
