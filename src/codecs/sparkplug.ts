/**
 * The Sparkplug B codec: topics `spBv1.0/<group>/<type>/<edge node>[/<device>]`. The sensor is group, edge node and device;
 * the metric is the name from the message, or, where it has only an alias, the name from the birth (`names`).
 */
import {
  bad,
  type Codec,
  type CodecContext,
  type Content,
  type Element,
  type Ignored,
  why,
} from './codec.ts';
import { readSparkplug, type SparkplugMetric, signed } from './sparkplug-payload.ts';

const NAMESPACE = 'spBv1.0';
const DATA = new Set(['NBIRTH', 'DBIRTH', 'NDATA', 'DDATA']);
const DEATHS = new Set(['NDEATH', 'DDEATH']);
/** Of the edge node itself and of the host application, not of a device. */
const OTHERS = new Set(['NCMD', 'DCMD', 'STATE']);

/** A data type of Sparkplug B: ms since 1970. */
const DATE_TIME = 13;

export interface SparkplugTopic {
  readonly group: string;
  readonly type: string;
  readonly node: string;
  readonly device: string | null;
}

/** @returns null for a topic that is not of Sparkplug B */
export function sparkplugTopic(topic: string): SparkplugTopic | null {
  const [namespace, group = '', type = '', node = '', device, ...more] = topic.split('/');
  if (namespace !== NAMESPACE || more.length > 0) return null;
  if (group === 'STATE') return { group: '', type: 'STATE', node: type, device: null };
  return node === '' ? null : { group, type, node, device: device ?? null };
}

/** `group/node` or `group/node/device`: whose names and aliases these are. */
export function sparkplugSender({ group, node, device }: SparkplugTopic): string {
  return device === null ? `${group}/${node}` : `${group}/${node}/${device}`;
}

/** What a birth says of an alias. */
export interface AliasEntry {
  readonly name: string;
  readonly datatype: number;
  readonly unit?: string;
}

/** Where the names of aliases are looked up, by sender. */
export type AliasNames = (sender: string, alias: number) => AliasEntry | undefined;

/** @param names of the births seen; without it, metrics that have only an alias are bad */
export function decodeSparkplug(
  topic: SparkplugTopic,
  bytes: Uint8Array,
  { maxReadings }: Pick<CodecContext, 'maxReadings'>,
  names?: AliasNames,
): Content {
  if (OTHERS.has(topic.type)) return { elements: [], ignored: [{ path: '$', reason: 'command' }] };
  if (DEATHS.has(topic.type)) return { elements: [], ignored: [{ path: '$', reason: 'death' }] };
  if (!DATA.has(topic.type)) return bad('not-sparkplug', `'${topic.type}' is no message type of Sparkplug B`);
  let metrics: readonly SparkplugMetric[];
  let sentAt: number | undefined;
  try {
    ({ metrics, ts: sentAt } = readSparkplug(bytes));
  } catch (error) {
    return bad('not-sparkplug', `the payload is not of Sparkplug B: ${why(error)}`);
  }
  if (metrics.length > maxReadings) {
    return bad('bad-payload', `${metrics.length} metrics in one message, at most ${maxReadings}`);
  }
  const sender = sparkplugSender(topic);
  const elements: Element[] = [];
  const ignored: Ignored[] = [];
  for (const [i, metric] of metrics.entries()) {
    const known =
      metric.name === undefined && metric.alias !== undefined ? names?.(sender, metric.alias) : undefined;
    const name = metric.name ?? known?.name;
    const path = name ?? (metric.alias === undefined ? `[${i}]` : `alias ${metric.alias}`);
    if (name === undefined) {
      return bad('unknown-alias', `no birth of ${sender} has said which metric is ${path}`);
    }
    if (isControl(name)) {
      ignored.push({ path, reason: 'control' });
      continue;
    }
    const datatype = metric.datatype || known?.datatype || 0;
    if (datatype === DATE_TIME) {
      ignored.push({ path, reason: 'time' });
      continue;
    }
    if (metric.value === undefined && metric.kind !== 'null') {
      ignored.push({ path, reason: metric.kind });
      continue;
    }
    const unit = metric.unit ?? known?.unit;
    const ts = metric.ts ?? sentAt;
    elements.push({
      path,
      sensor: sender,
      metric: name,
      value: metric.whole !== undefined ? signed(metric.whole, datatype) : (metric.value ?? null),
      ...(unit !== undefined && { unit }),
      ...(ts !== undefined && { ts }),
    });
  }
  return { elements, ignored };
}

/** Metrics of the protocol itself. */
function isControl(name: string): boolean {
  return name === 'bdSeq' || name.startsWith('Node Control/') || name.startsWith('Device Control/');
}

/** For the table of formats: names nothing of a topic, so it reads births and data that have names. */
export function sparkplugCodec(topic: string, names?: AliasNames): Codec {
  const parsed = sparkplugTopic(topic) ?? { group: '', type: 'NDATA', node: topic, device: null };
  return { decode: (bytes, context) => decodeSparkplug(parsed, bytes, context, names) };
}
