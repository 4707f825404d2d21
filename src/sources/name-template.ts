/**
 * Templates of names: `{$.deviceInfo.deviceName}`, `{model}/{$.id}`, or a fixed text. What stands in braces is a path into
 * the message, or the name of a topic level, of a step of `each`, or `client` and `user` of the publisher. A question mark
 * (`{$.channel?}`) lets a part be missing: the part goes with the slash before it.
 */
import { Path } from './path.ts';

/** What a template may ask for. */
export interface NameSources {
  /** By name: topic levels, steps of `each`, `client`, `user`. */
  readonly names: Readonly<Record<string, string | undefined>>;
  /** What a reading comes from. */
  readonly element: unknown;
  /** What that stands in, the innermost first: asked where the element has nothing there. */
  readonly above: readonly unknown[];
}

type Part = { readonly text: string } | { readonly source: Path | string; readonly optional: boolean };

/** The publisher's. */
const PUBLISHER = new Map([
  ['client', 'client'],
  ['client_id', 'client'],
  ['clientid', 'client'],
  ['user', 'user'],
  ['username', 'user'],
]);

export class NameTemplate {
  private constructor(
    readonly text: string,
    private readonly parts: readonly Part[],
  ) {}

  /** @throws SyntaxError that says what is wrong */
  static compile(text: string): NameTemplate {
    if (text.startsWith('$.') || text.startsWith('$[')) {
      return new NameTemplate(text, [{ source: Path.compile(text), optional: false }]);
    }
    const parts: Part[] = [];
    for (let at = 0; at < text.length; ) {
      const open = text.indexOf('{', at);
      const fixed = text.slice(at, open === -1 ? undefined : open);
      if (fixed.includes('}')) throw new SyntaxError(`'${text}' has a } without a { before it`);
      if (fixed !== '') parts.push({ text: fixed });
      if (open === -1) break;
      const close = closing(text, open);
      if (close === -1) throw new SyntaxError(`'${text}' has a { without a } behind it`);
      parts.push(partOf(text.slice(open + 1, close)));
      at = close + 1;
    }
    return new NameTemplate(text, parts);
  }

  /** The names of topic levels and steps that it needs. */
  get names(): string[] {
    return this.parts.flatMap((part) =>
      'source' in part && typeof part.source === 'string' ? [part.source] : [],
    );
  }

  /** Whether it always gives the same. */
  get fixed(): boolean {
    return this.parts.every((part) => 'text' in part);
  }

  /** @returns the name; where something is missing, what */
  fill(sources: NameSources): string | { readonly missing: string } {
    let name = '';
    for (const part of this.parts) {
      if ('text' in part) {
        // The slash that would stand between this part and one that is missing.
        name +=
          name === '' && part.text.startsWith('/') && part !== this.parts[0] ? part.text.slice(1) : part.text;
        continue;
      }
      const found =
        typeof part.source === 'string' ? sources.names[part.source] : textAt(part.source, sources);
      if (found !== undefined && found !== '') name += found;
      else if (part.optional) name = name.replace(/\/$/, '');
      else return { missing: typeof part.source === 'string' ? part.source : part.source.text };
    }
    return name;
  }
}

function closing(text: string, open: number): number {
  // A named step of a path has braces of its own.
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return -1;
}

function partOf(inside: string): Part {
  const optional = inside.endsWith('?');
  const source = optional ? inside.slice(0, -1) : inside;
  if (source.startsWith('$')) return { source: Path.compile(source), optional };
  if (!/^[A-Za-z_]\w*$/.test(source)) {
    throw new SyntaxError(`'{${inside}}' is neither a path such as {$.name} nor the name of a topic level`);
  }
  return { source: PUBLISHER.get(source.toLowerCase()) ?? source, optional };
}

function textAt(path: Path, { element, above }: NameSources): string | undefined {
  let found = textsAt(path, element);
  for (let i = 0; found === undefined && i < above.length; i++) found = textsAt(path, above[i]);
  return found;
}

/** What is found there as one text: several values, as `{$.tags.*}` has them, are joined by slashes. */
function textsAt(path: Path, document: unknown): string | undefined {
  const texts = path.all(document).flatMap(({ value }) => {
    if (typeof value === 'string') return value.trim() === '' ? [] : [value.trim()];
    return typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : [];
  });
  return texts.length === 0 ? undefined : texts.join('/');
}
