/** Walks through the fields of an element: every number below is a reading, the rest is ignored with a reason. */
import { parseSwitch } from '../codecs/number.ts';
import { Field, type FieldPlan } from './fields.ts';
import type { Item } from './item.ts';
import type { Outcome } from './outcome.ts';
import { type ReadingBuilder, type Series, wrong } from './reading-builder.ts';
import { looksLikeTime } from './time.ts';
import { isIdentifier, kindOf, numberIn, saysNull } from './values.ts';

/** Fields remembered of a source: beyond them, devices make up new names, and nothing is gained by keeping them. */
const FIELDS_MAX = 20_000;
/** Deeper than any device nests. */
const MAX_DEPTH = 32;

/** What all fields of an element have in common. */
export interface Walk {
  readonly item: Item;
  readonly series: Series;
  readonly ts: number | undefined;
  readonly outcome: Outcome;
}

export class FieldWalk {
  private top = new Field('', '$', null);
  private seen = 0;

  constructor(
    private readonly builder: ReadingBuilder,
    private readonly maxReadings: number,
  ) {}

  /** The field that all begin at; a new one when there are too many below it. */
  root(): Field {
    if (this.seen > FIELDS_MAX) {
      this.top = new Field('', '$', null);
      this.seen = 0;
    }
    return this.top;
  }

  /** Every number below `value`. @param timeKey the key at this level that has the time already */
  each(value: object, field: Field, walk: Walk, timeKey: string | null = null, depth = 0): void {
    const { decoded, ignored } = walk.outcome;
    if (depth > MAX_DEPTH) {
      ignored.push({ path: pathOf(walk.item, field), reason: 'too-deep' });
      return;
    }
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length && decoded.length <= this.maxReadings; i++) {
        this.one(value[i], this.child(field, i), walk, depth);
      }
    } else {
      for (const key in value) {
        if (key === timeKey) continue;
        if (decoded.length > this.maxReadings) break;
        this.one((value as Record<string, unknown>)[key], this.child(field, key), walk, depth);
      }
    }
    if (decoded.length === this.maxReadings + 1) {
      wrong(walk.outcome, 'payload', 'bad-payload', `more than ${this.maxReadings} readings in one message`);
    }
  }

  private child(field: Field, key: string | number): Field {
    const known = field.known(key);
    if (known) return known;
    this.seen++;
    return field.child(key);
  }

  private one(value: unknown, field: Field, walk: Walk, depth: number): void {
    if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
      this.each(value, field, walk, null, depth + 1);
    } else this.leaf(value, field, walk);
  }

  leaf(value: unknown, field: Field, { item, series, ts, outcome }: Walk): void {
    const { source } = this.builder;
    const plan = field.plan(source);
    const ignore = (reason: string) => outcome.ignored.push({ path: pathOf(item, field), reason });
    if (plan.left !== null) {
      ignore(plan.left);
      return;
    }
    if (field.timeRank !== null && looksLikeTime(value, { unit: source.timeUnit, zone: source.timeZone })) {
      ignore('time');
      return;
    }
    let number: number;
    let unit: string | undefined;
    if (typeof value === 'number') number = value;
    else if (saysNull(value, source)) {
      ignore('null');
      return;
    } else {
      const found = this.numberOf(value, field.name, plan);
      if (found === null) {
        ignore(kindOf(value));
        return;
      }
      ({ value: number, unit } = found);
    }
    const named = series.metric === null ? plan : prefixed(series.metric, plan);
    this.builder.reading(series.sensor, named, number, ts, unit, item, outcome);
  }

  /** A number as text, but not a name or an id that happens to be all digits. */
  private numberOf(value: unknown, name: string, plan: FieldPlan): { value: number; unit?: string } | null {
    const { source } = this.builder;
    const switches = source.booleans || plan.asked;
    if (typeof value === 'boolean') return switches ? { value: Number(value) } : null;
    if (typeof value !== 'string') return null;
    if (switches) {
      const position = parseSwitch(value.trim());
      if (position !== null) return { value: Number(position) };
    }
    const number = numberIn(value, source);
    return number && (plan.asked || !isIdentifier(name, value.trim())) ? number : null;
  }
}

function pathOf(item: Item, field: Field): string {
  return item.path === '$' ? field.path : `${item.path}${field.path.slice(1)}`;
}

/** A metric of the topic goes before the names of its fields; a field of the same name adds nothing, nor does `value`. */
function prefixed(metric: string, plan: FieldPlan): FieldPlan {
  const name = plan.metric === metric || plan.metric === 'value' ? metric : `${metric}.${plan.metric}`;
  const { wrongName: _, ...rest } = plan;
  return { ...rest, metric: name };
}
