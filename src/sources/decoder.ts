/**
 * The one way from a message to its readings, in the bridge, at the built-in broker, and for the commands that explain it:
 * the topic chooses the sources, the codec of a source reads the bytes, and its mapping names what is in them.
 */
import type { CodecContext, Content, Ignored } from '../codecs/codec.ts';
import { decompress } from '../codecs/compression.ts';
import { CODECS, recognise } from '../codecs/formats.ts';
import { type AliasNames, decodeSparkplug, sparkplugTopic } from '../codecs/sparkplug.ts';
import type { Decoded, Problem } from '../domain/decoded.ts';
import { Mapping } from './mapping.ts';
import { NameCheck } from './names.ts';
import { nothingUsable, type Outcome, saysNothing } from './outcome.ts';
import { plainReading } from './plain-reading.ts';
import type { FormatName, Source } from './source.ts';
import { SourceCount, UnmatchedTopics } from './source-counts.ts';

export interface DecodeLimits {
  /** Most readings in one message. */
  readonly maxReadings: number;
  readonly maxNameBytes: number;
  /** Most bytes of a compressed payload once it is decompressed; default 4 MB. */
  readonly maxDecompressed?: number;
}

/** What is known of a message besides its topic and its bytes. */
export interface MessageContext {
  /** Of the publisher, where the broker tells it. */
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
  /** When it came, ms UTC; default: now. */
  readonly receivedAt?: number | undefined;
}

/** What became of a message, for a person. */
export interface Explanation {
  /** The name of the source, null where none takes the topic. */
  readonly source: string | null;
  readonly format: FormatName | null;
  readonly decoded: readonly Decoded[];
  readonly ignored: readonly Ignored[];
  /** Where the time was found. */
  readonly timeField: string | null;
}

/** A source at work, with what it has seen. */
interface Working {
  readonly source: Source;
  readonly mapping: Mapping;
  readonly count: SourceCount;
}

/** What a topic says of its messages. */
interface Route {
  readonly working: Working;
  readonly names: Readonly<Record<string, string>>;
  /** Why the names in the topic cannot be used. */
  readonly problem: Problem | null;
}

/** Topics whose routes are remembered, and how long they may be: devices publish on the same ones again and again. */
const TOPICS_MAX = 10_000;
const TOPIC_LENGTH_MAX = 500;
const MAX_DECOMPRESSED = 4 * 2 ** 20;
const NO_CONTEXT: MessageContext = {};

export class Decoder {
  /** In the order in which they are asked. */
  readonly sources: readonly Source[];
  readonly counts: readonly SourceCount[];
  readonly unmatched = new UnmatchedTopics();
  private readonly working: readonly Working[];
  private readonly routes = new Map<string, readonly Route[]>();
  private readonly checks: NameCheck;

  /** @param aliases of Sparkplug B, from the births that were seen */
  constructor(
    sources: readonly Source[],
    private readonly limits: DecodeLimits,
    private readonly aliases?: AliasNames,
  ) {
    this.sources = sources;
    this.checks = new NameCheck(limits.maxNameBytes);
    this.working = sources.map((source) => ({
      source,
      mapping: new Mapping(source, this.checks, limits.maxReadings),
      count: new SourceCount(source.name),
    }));
    this.counts = this.working.map(({ count }) => count);
  }

  /** Whether a source takes this topic. */
  takes(topic: string): boolean {
    return this.routesOf(topic).length > 0;
  }

  /**
   * Decodes one message and counts what was in it. Never throws.
   * @returns nothing for a message that says nothing: an empty payload, a null word, a topic to be ignored
   */
  decode(topic: string, bytes: Uint8Array, context: MessageContext = NO_CONTEXT): Decoded[] {
    const routes = this.routesOf(topic);
    const [first] = routes;
    if (first?.working.source.plain && !first.problem) {
      const { sensor, metric } = first.names;
      const decoded = plainReading(sensor!, metric!, bytes);
      if (decoded) {
        first.working.count.messages++;
        first.working.count.readings++;
        return [decoded];
      }
    }
    const taken = takers(routes, bytes);
    if (taken.length === 0) return this.unmatchedTopic(topic, bytes);
    const all: Decoded[] = [];
    for (const route of taken) {
      const { outcome } = this.read(route, topic, bytes, context);
      route.working.count.add(outcome.decoded, outcome.ignored);
      if (taken.length === 1) return outcome.decoded;
      for (const each of outcome.decoded) all.push(each);
    }
    return all;
  }

  /** The same without counting, with all that there is to say. One for each source that takes the topic. */
  explain(topic: string, bytes: Uint8Array, context: MessageContext = NO_CONTEXT): Explanation[] {
    const routes = takers(this.routesOf(topic), bytes);
    if (routes.length === 0) {
      const decoded = [{ problem: doesNotFit(topic) }];
      return [{ source: null, format: null, decoded, ignored: [], timeField: null }];
    }
    return routes.map((route) => {
      const { outcome, format } = this.read(route, topic, bytes, context);
      const { decoded, ignored, timeField } = outcome;
      return { source: route.working.source.name, format, decoded, ignored, timeField };
    });
  }

  /** A topic beside those wanted, which the filter covers too, is no fault; any other came by a filter of before. */
  private unmatchedTopic(topic: string, bytes: Uint8Array): Decoded[] {
    this.unmatched.add(topic, Date.now(), bytes);
    const wide = this.sources.some(
      ({ topic: template }) => template.filterIsWider && template.mayDeliver(topic),
    );
    return wide ? [] : [{ problem: doesNotFit(topic) }];
  }

  private read(
    { working, names, problem }: Route,
    topic: string,
    bytes: Uint8Array,
    context: MessageContext,
  ): { outcome: Outcome; format: FormatName | null } {
    const { source, mapping } = working;
    const outcome: Outcome = { decoded: [], ignored: [], timeField: null };
    const says = (reason: string) => outcome.ignored.push({ path: '$', reason });
    if (source.ignore) says('ignore');
    else if (bytes.length === 0) says('empty');
    else if (problem) outcome.decoded.push({ problem });
    else {
      const { content, format } = this.content(source, topic, bytes, context);
      mapping.map(content, withPublisher(names, context), outcome);
      if (outcome.decoded.length === 0 && !saysNothing(outcome, source.quiet)) {
        outcome.decoded.push({ problem: nothingUsable(outcome) });
      }
      return { outcome, format };
    }
    return { outcome, format: null };
  }

  private content(
    source: Source,
    topic: string,
    bytes: Uint8Array,
    context: MessageContext,
  ): { content: Content; format: FormatName | null } {
    const { maxReadings, maxDecompressed = MAX_DECOMPRESSED } = this.limits;
    const plain = decompress(bytes, source.compression, maxDecompressed);
    if ('problem' in plain) return { content: plain, format: null };
    const codecContext: CodecContext = {
      decimalComma: source.decimalComma,
      columns: source.columns,
      maxReadings,
      receivedAt: context.receivedAt ?? Date.now(),
    };
    const { format } = source;
    if (format === 'sparkplug-b' || (format === 'auto' && topic.startsWith('spBv1.0/'))) {
      const parsed = sparkplugTopic(topic) ?? { group: '', type: 'NDATA', node: topic, device: null };
      return { content: decodeSparkplug(parsed, plain, codecContext, this.aliases), format: 'sparkplug-b' };
    }
    return format === 'auto'
      ? recognise(plain, codecContext)
      : { content: CODECS[format].decode(plain, codecContext), format };
  }

  private routesOf(topic: string): readonly Route[] {
    const known = this.routes.get(topic);
    if (known) return known;
    const routes: Route[] = [];
    for (const working of this.working) {
      const names = working.source.topic.match(topic);
      if (!names) continue;
      routes.push({ working, names, problem: this.nameProblem(working.source, names) });
      const { continue: goOn, payload } = working.source;
      // What asks for one kind of payload leaves the other kind to those after it.
      if (!goOn && payload === null) break;
    }
    if (topic.length > TOPIC_LENGTH_MAX) return routes;
    if (this.routes.size >= TOPICS_MAX) this.routes.clear();
    this.routes.set(topic, routes);
    return routes;
  }

  private nameProblem(source: Source, names: Readonly<Record<string, string>>): Problem | null {
    for (const field of ['sensor', 'metric'] as const) {
      const name = names[field];
      if (name === undefined || source[field] || source.ignore) continue;
      const why = this.checks.problem(name);
      if (why) return { field, reason: 'bad-topic', detail: `the ${field} name in the topic ${why}` };
    }
    return null;
  }
}

/** Those that take the message: the first that fits, and those after it as far as `continue` goes. */
function takers(routes: readonly Route[], bytes: Uint8Array): readonly Route[] {
  if (routes.length === 1 && routes[0]!.working.source.payload === null) return routes;
  const taken: Route[] = [];
  for (const route of routes) {
    const { payload, continue: goOn } = route.working.source;
    if (payload !== null && bytes.length > 0 && payload !== kindOf(bytes)) continue;
    taken.push(route);
    if (!goOn) break;
  }
  return taken;
}

/** By the first byte that is no space: { or [, or one of a map or list of CBOR and MessagePack. */
function kindOf(bytes: Uint8Array): 'object' | 'value' {
  let at = 0;
  while (at < bytes.length && bytes[at]! <= 0x20) at++;
  const first = bytes[at] ?? 0;
  return first === 0x7b || first === 0x5b || first >= 0x80 || first < 0x20 ? 'object' : 'value';
}

function withPublisher(
  names: Readonly<Record<string, string>>,
  { clientId, username }: MessageContext,
): Readonly<Record<string, string | undefined>> {
  // A level of the topic may have the same name, and goes before it.
  return clientId === undefined && username === undefined
    ? names
    : { client: clientId, user: username, ...names };
}

function doesNotFit(topic: string): Problem {
  const detail = `topic '${topic.slice(0, 200)}' does not fit MQTT_TOPICS, MQTT_SOURCES or MQTT_PRESETS`;
  return { field: 'topic', reason: 'bad-topic', detail };
}
