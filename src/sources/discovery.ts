/**
 * Recognises what is published on a broker: which preset reads it, or which source would. A pure function of the messages
 * that were heard.
 */
import { type DecodeLimits, Decoder, type Explanation } from './decoder.ts';
import { type AnnouncedEntity, isDiscoveryTopic, readAnnouncement } from './home-assistant.ts';
import { lookOf, type PayloadLook, payloadKind } from './payload-look.ts';
import { PresetFinder } from './preset-finder.ts';
import { compileSources, readPresets, readSources } from './read-sources.ts';
import type { SourceSpec } from './source.ts';
import { commonPattern, literalPattern, patternGroup } from './topic-patterns.ts';

/** A line of the table. */
export interface Discovered {
  /** The template that covers the topics. */
  readonly pattern: string;
  readonly topics: number;
  readonly messages: number;
  readonly example: { readonly topic: string; readonly bytes: Uint8Array };
  /** What the example would become. */
  readonly becomes: Explanation;
  /** null: no preset reads it, and `source` says what would. */
  readonly preset: string | null;
  /** null where the preset is enough as it is. */
  readonly source: SourceSpec | null;
}

export interface Discoveries {
  readonly lines: readonly Discovered[];
  /** In the order in which they should be asked. */
  readonly presets: readonly string[];
  readonly entities: readonly AnnouncedEntity[];
  /** Topics that were heard and not kept, because there were too many. */
  readonly left: number;
}

interface Heard {
  messages: number;
  bytes: Uint8Array;
}

const TOPICS_MAX = 20_000;
/** Larger messages are counted, and their beginning is not kept. */
const BYTES_MAX = 256 * 1024;
const SOMEBODY = { clientId: '<client id>', username: '<user>' };

export class Discovery {
  private readonly heard = new Map<string, Heard>();
  private readonly entities = new Map<string, AnnouncedEntity>();
  private left = 0;

  private readonly finder: PresetFinder;

  constructor(private readonly limits: DecodeLimits) {
    this.finder = new PresetFinder(limits);
  }

  /** @param messages that the topic has had, of which these are the bytes of one */
  add(topic: string, bytes: Uint8Array, messages = 1): void {
    if (isDiscoveryTopic(topic)) {
      const entity = readAnnouncement(topic, bytes);
      if (entity && this.entities.size < TOPICS_MAX) this.entities.set(topic, entity);
      return;
    }
    const heard = this.heard.get(topic);
    if (heard) {
      heard.messages += messages;
      // A message that clears a retained one says less than those before it.
      if (bytes.length > 0 && bytes.length <= BYTES_MAX) heard.bytes = Buffer.from(bytes);
    } else if (this.heard.size >= TOPICS_MAX) this.left++;
    else
      this.heard.set(topic, {
        messages,
        bytes: bytes.length <= BYTES_MAX ? Buffer.from(bytes) : Buffer.alloc(0),
      });
  }

  get topics(): number {
    return this.heard.size;
  }

  conclude(): Discoveries {
    const byPreset = new Map<string, [string, Heard][]>();
    const others = new Map<string, { look: PayloadLook; heard: [string, Heard][] }>();
    for (const entry of this.heard) {
      const [topic, { bytes }] = entry;
      const preset = this.presetOf(topic, bytes);
      if (preset) push(byPreset, `${preset} ${this.patternIn(preset, topic, bytes)}`, entry);
      else {
        const look = lookOf(bytes);
        // Topics whose messages need a key of their own have a source of their own.
        const key = `${patternGroup(topic, look.kind)} ${JSON.stringify(look.keys)}`;
        const group = others.get(key) ?? { look, heard: [] };
        group.heard.push(entry);
        others.set(key, group);
      }
    }
    const lines = [
      ...[...byPreset].map(([key, heard]) => this.ofPreset(key, heard)),
      ...[...others.values()].map(({ look, heard }) => this.ofNone(look, heard)),
    ];
    const presets = [
      ...new Set(lines.flatMap(({ preset, source }) => (preset !== null && source === null ? [preset] : []))),
    ];
    return {
      lines: lines.sort((a, b) => b.messages - a.messages || (a.pattern < b.pattern ? -1 : 1)),
      presets: presets.sort((a, b) => openness(a) - openness(b) || (a < b ? -1 : 1)),
      entities: [...this.entities.values()],
      left: this.left,
    };
  }

  /** A preset that makes readings of it, or else one that knows the topic and finds nothing wrong. */
  private presetOf(topic: string, bytes: Uint8Array): string | undefined {
    const [reads] = this.finder.fitting(topic, bytes);
    return reads ?? this.finder.fitting(topic, bytes, {}, true)[0];
  }

  private patternIn(preset: string, topic: string, bytes: Uint8Array): string {
    const { sources } = this.finder.decoders.get(preset)!;
    const kind = payloadKind(bytes);
    const source = sources.find(
      ({ topic: template, payload }) => template.match(topic) && (payload === null || payload === kind),
    );
    return source?.topic.text ?? topic;
  }

  private ofPreset(key: string, heard: [string, Heard][]): Discovered {
    const [preset = ''] = key.split(' ', 1);
    const pattern = key.slice(preset.length + 1);
    return this.line(pattern, heard, preset, null, this.finder.decoders.get(preset)!);
  }

  private ofNone({ kind, keys }: PayloadLook, heard: [string, Heard][]): Discovered {
    const topics = heard.map(([topic]) => topic);
    const own = keys.format !== undefined || keys.decimal_comma !== undefined;
    const pattern = own
      ? literalPattern(topics, kind, keys.preset === undefined)
      : commonPattern(topics, kind);
    const spec: SourceSpec = { ...pattern, ...keys };
    // With what the preset adds.
    const { specs } = readSources(JSON.stringify([spec]));
    const decoder = new Decoder(compileSources(specs), this.limits);
    return this.line(spec.topic, heard, spec.preset ?? null, spec, decoder);
  }

  private line(
    pattern: string,
    heard: [string, Heard][],
    preset: string | null,
    source: SourceSpec | null,
    decoder: Decoder,
  ): Discovered {
    const explained = heard.map(([topic, { bytes }]) => ({
      topic,
      bytes,
      becomes: decoder.explain(topic, bytes, SOMEBODY)[0]!,
    }));
    // One that shows something, if there is one.
    const best =
      explained.find(({ becomes }) => becomes.decoded.some((each) => 'reading' in each)) ?? explained[0]!;
    return {
      pattern,
      topics: heard.length,
      messages: heard.reduce((sum, [, { messages }]) => sum + messages, 0),
      example: { topic: best.topic, bytes: best.bytes },
      becomes: best.becomes,
      preset,
      source,
    };
  }
}

/** How many topics of a preset begin with a wildcard: those are asked last. */
function openness(preset: string): number {
  return readPresets(preset).specs.filter(({ topic }) => topic.startsWith('{')).length;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
