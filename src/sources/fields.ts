/**
 * The fields that a source's messages have: a tree that grows with what comes, so that the name, the unit and the conversion of
 * a field are worked out once and not for each message.
 */
import { globMatches } from '../domain/glob.ts';
import type { Conversion } from './conversion.ts';
import { below, type Path } from './path.ts';
import type { ByMetric, Source, SteppedUnit } from './source.ts';
import { timeRank } from './time.ts';

/** What is done with the number in a field. */
export interface FieldPlan {
  readonly metric: string;
  /** Why it becomes no reading: `excluded`, `not-included`. */
  readonly left: string | null;
  /** Named by the source itself, not only by a pattern for all: then true and false count as numbers. */
  readonly asked: boolean;
  readonly unit: string | Path | SteppedUnit | null;
  readonly convert: Conversion | null;
  /** Why the metric cannot be a name; undefined until somebody has asked. */
  wrongName?: string | null;
}

export class Field {
  private readonly children = new Map<string | number, Field>();
  private readyPlan: FieldPlan | null = null;

  constructor(
    /** Names from the root of the fields, joined by points. */
    readonly name: string,
    /** From there on: `$.a.b`. */
    readonly path: string,
    /** See `timeRank`. */
    readonly timeRank: number | null,
  ) {}

  known(key: string | number): Field | undefined {
    return this.children.get(key);
  }

  child(key: string | number): Field {
    const known = this.children.get(key);
    if (known) return known;
    const name = this.name === '' ? String(key) : `${this.name}.${key}`;
    const rank = typeof key === 'number' ? null : timeRank(key);
    const child = new Field(name, below(this.path, key), rank);
    this.children.set(key, child);
    return child;
  }

  plan(source: Source): FieldPlan {
    this.readyPlan ??= planOf(this.name, source);
    return this.readyPlan;
  }
}

/** @param name before it is renamed: include and exclude go by what the message says */
export function planOf(name: string, source: Source): FieldPlan {
  const { include, exclude } = source;
  const included = include?.find((pattern) => globMatches(pattern, name));
  const metric = renamed(name, source.rename);
  const left = exclude.some((pattern) => globMatches(pattern, name))
    ? 'excluded'
    : include !== null && included === undefined
      ? 'not-included'
      : null;
  return {
    metric,
    left,
    asked: included !== undefined && included !== '*',
    unit: byMetric(source.unit, metric, name),
    convert: byMetric(source.convert, metric, name),
  };
}

/** By its whole name, or else by its last part, with what stands before that; an empty name takes the last part away. */
function renamed(name: string, rename: ReadonlyMap<string, string>): string {
  if (rename.size === 0) return name;
  const whole = rename.get(name);
  if (whole !== undefined) return whole;
  const dot = name.lastIndexOf('.');
  const last = dot === -1 ? undefined : rename.get(name.slice(dot + 1));
  if (last === undefined) return name;
  return last === '' ? name.slice(0, dot) : `${name.slice(0, dot + 1)}${last}`;
}

/** @param name as the message has it: a pattern may be of either name */
export function byMetric<T>(list: ByMetric<T>, metric: string, name = metric): T | null {
  for (const [pattern, value] of list) {
    if (globMatches(pattern, metric) || globMatches(pattern, name)) return value;
  }
  return null;
}
