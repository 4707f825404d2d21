/**
 * Path expressions: `$.records[*].val`. A path is taken apart once, when the settings are read, into steps that only look
 * things up: nothing in a setting or a message is ever run.
 */

type Step =
  | { readonly key: string }
  | { readonly index: number }
  /** Every entry of a list (`[*]`) or of an object (`.*`); `name` keeps the key or index under a name, for the templates of sensor and metric. */
  | { readonly every: 'list' | 'object'; readonly name: string | null };

export interface Found {
  readonly value: unknown;
  /** Where it stands: `$.records[0].val`. */
  readonly path: string;
  /** What the named steps went through. */
  readonly names: Readonly<Record<string, string>>;
  /** What it stands in, the innermost first and the whole message last. */
  readonly above: readonly unknown[];
}

const STEP =
  /^(?:\.\*|\[\*\])|^(?:\.\{([A-Za-z_]\w*)\}|\[\{([A-Za-z_]\w*)\}\])|^\[(\d+)\]|^\[(?:'([^']*)'|"([^"]*)")\]|^\.([^.[\]*{}]+)/;
const NO_NAMES = Object.freeze({});
/** A wide message may have more matches than anybody wants; those beyond are not looked for. */
const MOST = 1_000_000;

export class Path {
  private constructor(
    readonly text: string,
    private readonly steps: readonly Step[],
  ) {}

  /** @throws SyntaxError that says what is wrong */
  static compile(text: string): Path {
    if (!text.startsWith('$')) throw new SyntaxError(`a path begins with $, such as $.object (is '${text}')`);
    const steps: Step[] = [];
    for (let rest = text.slice(1); rest !== ''; ) {
      const match = STEP.exec(rest);
      if (!match)
        throw new SyntaxError(`'${rest}' in the path '${text}' is no step: use .name, ['name'], [0] or [*]`);
      const [whole, dotName, bracketName, index, single, double, key] = match;
      const name = dotName ?? bracketName;
      const quoted = single ?? double;
      if (name !== undefined) steps.push({ every: dotName === undefined ? 'list' : 'object', name });
      else if (index !== undefined) steps.push({ index: Number(index) });
      else if (quoted !== undefined) steps.push({ key: quoted });
      else if (key !== undefined) steps.push({ key });
      else steps.push({ every: whole === '[*]' ? 'list' : 'object', name: null });
      rest = rest.slice(whole.length);
    }
    return new Path(text, steps);
  }

  /** The names that its `{name}` steps give. */
  get names(): string[] {
    return this.steps.flatMap((step) => ('every' in step && step.name !== null ? [step.name] : []));
  }

  /** The first value there, undefined where there is none. */
  first(document: unknown): unknown {
    return firstAt(document, this.steps, 0);
  }

  /** Every value there, in the order of the message. */
  all(document: unknown): Found[] {
    const found: Found[] = [];
    collect(document, this.steps, 0, { path: '$', names: NO_NAMES, above: [] }, found);
    return found;
  }
}

function own(container: unknown, step: { readonly key: string } | { readonly index: number }): unknown {
  if (typeof container !== 'object' || container === null) return undefined;
  if ('index' in step) return Array.isArray(container) ? container[step.index] : undefined;
  if (Array.isArray(container)) return undefined;
  return Object.hasOwn(container, step.key) ? (container as Record<string, unknown>)[step.key] : undefined;
}

function firstAt(value: unknown, steps: readonly Step[], at: number): unknown {
  for (let i = at; i < steps.length; i++) {
    const step = steps[i]!;
    if ('every' in step) {
      for (const [, each] of entriesOf(value, step.every)) {
        const found = firstAt(each, steps, i + 1);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    value = own(value, step);
    if (value === undefined) return undefined;
  }
  return value;
}

function collect(
  value: unknown,
  steps: readonly Step[],
  at: number,
  place: Omit<Found, 'value'>,
  found: Found[],
): void {
  const step = steps[at];
  if (step === undefined) {
    if (found.length < MOST) found.push({ value, ...place });
    return;
  }
  const { path, names } = place;
  const above = [value, ...place.above];
  if ('every' in step) {
    for (const [key, each] of entriesOf(value, step.every)) {
      const named = step.name === null ? names : { ...names, [step.name]: String(key) };
      collect(each, steps, at + 1, { path: below(path, key), names: named, above }, found);
    }
  } else {
    const next = own(value, step);
    if (next === undefined) return;
    collect(
      next,
      steps,
      at + 1,
      { path: below(path, 'index' in step ? step.index : step.key), names, above },
      found,
    );
  }
}

function entriesOf(value: unknown, kind: 'list' | 'object'): Iterable<readonly [string | number, unknown]> {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [];
  if (Array.isArray(value)) return kind === 'list' ? value.entries() : [];
  return kind === 'object' ? Object.entries(value) : [];
}

/** The path of an entry: `$.a`, `$[0]`, `$['a b']`. */
export function below(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return /^[^.[\]'*{}]+$/.test(key) ? `${path}.${key}` : `${path}['${key}']`;
}
