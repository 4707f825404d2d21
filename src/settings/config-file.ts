/**
 * The configuration file: YAML whose keys are the settings' names in small letters (`log_level: debug`,
 * `http_token_file: /run/secrets/token`). A list, a map or alert rules may be written as YAML instead of as one text.
 */
import { readFileSync } from 'node:fs';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Shape } from './setting.ts';

export interface FileValue {
  /** As the environment would have it. */
  readonly text: string;
  /** `vigia.yaml, line 3, http_token` */
  readonly where: string;
}

export interface ConfigFile {
  /** By name of setting; `NAME_FILE` too. */
  readonly values: ReadonlyMap<string, FileValue>;
  readonly problems: readonly string[];
}

/**
 * @param shapes every setting's name, with its shape where it has one
 * @param keys settings that have a key of their own in the file, by that key
 */
export function readConfigFile(
  path: string,
  shapes: ReadonlyMap<string, Shape | undefined>,
  keys: ReadonlyMap<string, string> = new Map(),
): ConfigFile {
  const values = new Map<string, FileValue>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? error;
    return { values, problems: [`VIGIA_CONFIG: cannot read '${path}' (${why})`] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset = 0) => `${path}, line ${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    return {
      values,
      problems: document.errors.map(({ message, pos }) => `${at(pos[0])}: is not YAML: ${message}`),
    };
  }
  if (document.contents === null) return { values, problems: [] };
  if (!isMap(document.contents))
    return { values, problems: [`${at()}: must be settings, such as log_level: debug`] };
  const problems: string[] = [];
  for (const { key, value } of document.contents.items) {
    const given = isScalar(key) ? String(key.value) : '';
    const place = at((key as { range?: readonly number[] }).range?.[0]);
    const name = keys.get(given) ?? given.toUpperCase();
    const base = shapes.has(name) ? name : name.replace(/_FILE$/, '');
    if (!shapes.has(base)) {
      problems.push(`${place}: '${given}' is no setting${suggestion(given, shapes)}`);
      continue;
    }
    const where = `${place}, ${given}`;
    const range = (value as { range?: readonly number[] } | null)?.range;
    if (shapes.get(base) === 'sources' && name === base && isSeq(value) && range) {
      values.set(name, { text: inPlace(text, range[0]!, range[1]!), where: `${path}, ${given}` });
      continue;
    }
    // As written: a password 0123 is not the number 123.
    const js: unknown =
      isScalar(value) && typeof value.value === 'number'
        ? value.source
        : ((value as { toJS?: (doc: unknown) => unknown } | null)?.toJS?.(document) ?? null);
    const read = js === null ? '' : asText(js, name === base ? shapes.get(base) : undefined);
    if (typeof read !== 'string') problems.push(`${where}: ${read.problem}`);
    else if (read !== '') values.set(name, { text: read, where });
  }
  return { values, problems };
}

/** A part of the file that stands where it stood, so that whoever reads it can name the lines of the file. */
function inPlace(text: string, from: number, to: number): string {
  const before = text.slice(0, from);
  const column = from - (before.lastIndexOf('\n') + 1);
  const lines = before.split('\n').length - 1;
  return `${'\n'.repeat(lines)}${' '.repeat(column)}${text.slice(from, to)}`;
}

function asText(value: unknown, shape: Shape | undefined): string | { problem: string } {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object' || value === null) return String(value);
  if (shape === 'rules' && Array.isArray(value)) return JSON.stringify(value);
  if (shape === 'list' && Array.isArray(value)) {
    const bad = value.find((each) => typeof each === 'object' || /,/.test(String(each)));
    return bad === undefined ? value.join(',') : { problem: 'must be a list of texts without commas' };
  }
  if (shape === 'map' && !Array.isArray(value)) {
    const pairs = Object.entries(value);
    const bad = pairs.find(
      ([name, each]) => typeof each === 'object' || /[,=]/.test(name) || /,/.test(String(each)),
    );
    if (bad) return { problem: `${bad[0]}: must be a text without commas` };
    return pairs.map(([name, each]) => `${name}=${each}`).join(',');
  }
  const wanted =
    shape === undefined
      ? 'one value'
      : { list: 'a list', map: 'a map', rules: 'a list of rules', sources: 'a list of sources' }[shape];
  return { problem: `must be ${wanted}` };
}

function suggestion(given: string, shapes: ReadonlyMap<string, unknown>): string {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z]/g, '');
  const near = [...shapes.keys()].find((name) => distance(plain(name), plain(given)) <= 2);
  return near === undefined ? '' : `: do you mean ${near.toLowerCase()}?`;
}

/** Letters to insert, delete or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
