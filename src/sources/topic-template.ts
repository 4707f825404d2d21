/**
 * Topic templates: `sensors/{sensor}/{metric}` says both what to subscribe to and where the names stand. A level is text,
 * `+`, `{name}` (one level under that name), `{name...}` (one or more levels, joined by `/`), or a final `#`.
 */

type Level =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one'; readonly name: string | null }
  | { readonly kind: 'more'; readonly name: string }
  | { readonly kind: 'rest' };

/** More levels than any sensible topic has; MQTT itself allows 65,535. */
const MAX_LEVELS = 64;

export class TopicTemplate {
  /** The MQTT filter that covers every topic of this template. */
  readonly filter: string;
  /** Whether the filter covers topics that are not of this template. */
  readonly filterIsWider: boolean;
  /** The names of its levels. */
  readonly names: readonly string[];
  private readonly levels: readonly Level[];
  /** Where the one level of unknown length stands, -1 without one. */
  private readonly more: number;

  /** @throws SyntaxError that says what is wrong */
  constructor(readonly text: string) {
    this.levels = text.split('/').map((level, i, all) => readLevel(level, i === all.length - 1, text));
    this.names = this.levels.flatMap((level) => ('name' in level && level.name !== null ? [level.name] : []));
    if (new Set(this.names).size !== this.names.length) {
      throw new SyntaxError(`'${text}' has two levels of one name`);
    }
    const open = this.levels.filter(({ kind }) => kind === 'more' || kind === 'rest');
    if (open.length > 1) throw new SyntaxError(`'${text}' can have only one level {name...} or #`);
    this.more = this.levels.findIndex(({ kind }) => kind === 'more');
    this.filterIsWider = this.more !== -1 && this.more < this.levels.length - 1;
    this.filter = filterOf(this.levels);
  }

  /** How many of its levels are text: the more, the more it says of its topics. */
  get fixedLevels(): number {
    return this.levels.filter(({ kind }) => kind === 'text').length;
  }

  /** Whether the filter covers a topic. */
  mayDeliver(topic: string): boolean {
    const wanted = this.filter.split('/');
    const given = topic.split('/');
    for (const [i, level] of wanted.entries()) {
      if (level === '#') return given.length >= i;
      if (given[i] === undefined || (level !== '+' && level !== given[i])) return false;
    }
    return given.length === wanted.length;
  }

  /** The names in `topic`, null if it is not of this template. */
  match(topic: string): Readonly<Record<string, string>> | null {
    const given = topic.split('/', MAX_LEVELS + 1);
    if (given.length > MAX_LEVELS) return null;
    const { levels, more } = this;
    // How many levels the open one takes beyond its first.
    const extra = more === -1 ? 0 : given.length - levels.length;
    if (extra < 0) return null;
    const names: Record<string, string> = {};
    for (let i = 0; i < levels.length; i++) {
      const level = levels[i]!;
      if (level.kind === 'rest') return names;
      if (level.kind === 'more') {
        names[level.name] = given.slice(i, i + extra + 1).join('/');
        continue;
      }
      const text = given[more !== -1 && i > more ? i + extra : i];
      if (text === undefined) return null;
      if (level.kind === 'text') {
        if (level.text !== text) return null;
        // A wildcard at the first level does not take topics such as $SYS/… (MQTT 4.7.2).
      } else if (i === 0 && text.startsWith('$')) return null;
      else if (level.name !== null) names[level.name] = text;
    }
    return given.length === levels.length + extra ? names : null;
  }
}

function readLevel(level: string, last: boolean, template: string): Level {
  if (level === '#') {
    if (!last) throw new SyntaxError(`'${template}' has a # before its end`);
    return { kind: 'rest' };
  }
  if (level === '+') return { kind: 'one', name: null };
  const [, name, dots] = /^\{([A-Za-z_]\w*)(\.\.\.|…)?\}$/.exec(level) ?? [];
  if (name !== undefined) return dots ? { kind: 'more', name } : { kind: 'one', name };
  if (/[+#{}]/.test(level)) {
    throw new SyntaxError(
      `'${template}': a level is text, +, {name}, {name...} or a final #, as a whole (is '${level}')`,
    );
  }
  return { kind: 'text', text: level };
}

function filterOf(levels: readonly Level[]): string {
  const parts: string[] = [];
  for (const level of levels) {
    if (level.kind === 'rest') parts.push('#');
    // One level and any number below it.
    else if (level.kind === 'more') return [...parts, '+', '#'].join('/');
    else parts.push(level.kind === 'text' ? level.text : '+');
  }
  return parts.join('/');
}
