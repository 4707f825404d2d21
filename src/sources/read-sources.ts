/**
 * MQTT_SOURCES, MQTT_PRESETS and MQTT_TOPICS to sources. Sources are a list in YAML (of which JSON is a part); every mistake
 * is named with its line.
 */
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import { isOwnTopic } from '../domain/own-topic.ts';
import { compileSource, SourceMistake } from './compile-source.ts';
import { PRESETS } from './presets/presets.ts';
import type { Source, SourceSpec } from './source.ts';
import { KEYS, Wrong } from './source-keys.ts';

export interface ReadSources {
  readonly specs: readonly SourceSpec[];
  /** With problems, the sources are not to be used. */
  readonly problems: readonly string[];
}

/** What is known of one entry before its preset fills it in. */
type Entry = Partial<SourceSpec>;

/** Reads the text of MQTT_SOURCES. Lines count from the beginning of the text. */
export function readSources(text: string): ReadSources {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number | undefined) => `line ${lines.linePos(offset ?? 0).line}`;
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => `${lineAt(pos[0])}: is not YAML: ${message}`);
    return { specs: [], problems };
  }
  const { contents } = document;
  if (contents === null) return { specs: [], problems: [] };
  if (!isSeq(contents)) return { specs: [], problems: ['must be a list of sources, in YAML or JSON'] };
  const problems: string[] = [];
  const specs: SourceSpec[] = [];
  for (const node of contents.items) {
    const place = lineAt((node as { range?: readonly number[] }).range?.[0]);
    if (!isMap(node)) {
      problems.push(`${place}: must be keys such as topic: sensors/{sensor}/{metric}`);
      continue;
    }
    const linesOfKeys = new Map<string, string>();
    const entry: Record<string, unknown> = {};
    for (const { key, value } of node.items) {
      const name = String((key as { value?: unknown }).value);
      const line = lineAt((key as { range?: readonly number[] }).range?.[0]);
      linesOfKeys.set(name, line);
      const js = (value as { toJS?: (of: unknown) => unknown } | null)?.toJS?.(document) ?? null;
      const read = Object.hasOwn(KEYS, name) ? KEYS[name as keyof SourceSpec](js) : unknownKey(name);
      if (read instanceof Wrong) problems.push(`${line}, ${name}: ${read.must}${shownValue(js)}`);
      else entry[name] = read;
    }
    const before = problems.length;
    const filled = withPreset(entry as Entry, (key, message) =>
      problems.push(`${linesOfKeys.get(key) ?? place}, ${key}: ${message}`),
    );
    if (problems.length > before) continue;
    for (const spec of filled) {
      const mistake = mistakeOf(spec);
      if (mistake)
        problems.push(`${linesOfKeys.get(mistake.key) ?? place}, ${mistake.key}: ${mistake.message}`);
      else specs.push(spec);
    }
  }
  return { specs, problems };
}

/** The sources of MQTT_PRESETS: names of presets, comma-separated. */
export function readPresets(text: string): ReadSources {
  const problems: string[] = [];
  const specs: SourceSpec[] = [];
  for (const name of text.split(',').map((part) => part.trim())) {
    if (name === '') continue;
    const read = withPreset({ preset: name }, (_key, message) => problems.push(message));
    specs.push(...read);
  }
  return { specs, problems };
}

/** The sources of MQTT_TOPICS. */
export function topicSources(topics: readonly string[]): SourceSpec[] {
  return topics.map((topic) => ({ topic }));
}

/** @throws SourceMistake for a source that was not checked before */
export function compileSources(specs: readonly SourceSpec[], timeZone: string | null = null): Source[] {
  return specs.map((spec) => compileSource(spec, timeZone));
}

function mistakeOf(spec: SourceSpec): SourceMistake | null {
  if (isOwnTopic(spec.topic))
    return new SourceMistake('topic', `'${spec.topic}' is where Vigía itself publishes`);
  try {
    compileSource(spec);
    return null;
  } catch (error) {
    if (error instanceof SourceMistake) return error;
    throw error;
  }
}

/** What the entry says goes before what its preset says. */
function withPreset(entry: Entry, problem: (key: string, message: string) => void): SourceSpec[] {
  if (entry.preset === undefined) {
    if (entry.topic === undefined) problem('topic', 'is missing: where are the messages published?');
    return entry.topic === undefined ? [] : [entry as SourceSpec];
  }
  const name = entry.preset.toLowerCase();
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name]! : undefined;
  if (!preset) {
    problem('preset', `'${entry.preset}' is no preset: there are ${Object.keys(PRESETS).join(', ')}`);
    return [];
  }
  const sources = entry.topic === undefined ? preset.sources : [mostAlike(preset.sources, entry.topic)];
  return sources.map((source) => merged({ ...source, preset: name }, entry, name));
}

function merged(source: SourceSpec, entry: Entry, preset: string): SourceSpec {
  // One value and every field exclude each other: what the entry has of them replaces both.
  const { value, fields, ...rest } = source;
  const replaced = entry.value !== undefined || entry.fields !== undefined;
  const base = replaced ? rest : source;
  const exclude = [...(entry.exclude ?? []), ...(source.exclude ?? [])];
  const wanted = entry.include === undefined ? exclude : (entry.exclude ?? []);
  return { ...base, ...entry, preset, ...(wanted.length > 0 && { exclude: wanted }) } as SourceSpec;
}

/** The source whose topic ends like the given one; of several the first. */
function mostAlike(sources: readonly SourceSpec[], topic: string): SourceSpec {
  const given = topic.split('/').reverse();
  const alike = (source: SourceSpec) => {
    const levels = source.topic.split('/').reverse();
    let score = 0;
    for (const [i, level] of levels.entries()) {
      if (level !== given[i] && !(isOpen(level) && isOpen(given[i]))) break;
      score += isOpen(level) ? 1 : 3;
    }
    return score;
  };
  const usable = sources.filter(({ ignore }) => ignore !== true);
  return usable.reduce((best, source) => (alike(source) > alike(best) ? source : best), usable[0]!);
}

function isOpen(level: string | undefined): boolean {
  return level !== undefined && /[{+#]/.test(level);
}

function unknownKey(name: string): Wrong {
  return new Wrong(
    `is no key of a source: ${Object.keys(KEYS).join(', ')}`.replace(
      /^/,
      name === '' ? 'an empty name ' : '',
    ),
  );
}

function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return ` (is ${text.length > 60 ? `${text.slice(0, 60)}…` : text})`;
}
