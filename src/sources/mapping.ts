/** From the content of a message to its readings, as one source says. */
import { type Content, type Element, shown } from '../codecs/codec.ts';
import { parseJson } from '../codecs/json.ts';
import { timeOf } from './element-time.ts';
import { FieldWalk, type Walk } from './field-walk.ts';
import { planOf } from './fields.ts';
import { type Item, isScalar, type Names } from './item.ts';
import type { NameCheck } from './names.ts';
import type { Outcome } from './outcome.ts';
import { below, type Found, Path } from './path.ts';
import { ReadingBuilder, type Series, wrong } from './reading-builder.ts';
import type { Source } from './source.ts';
import { looksLikeTime } from './time.ts';
import { described, numberIn, saysNull, switchIn } from './values.ts';

const NO_NAMES = Object.freeze({});
/** Of metrics in the form of Telegraf. */
const METRICS = {
  each: ['$.metrics[*]', '$[*]', '$'].map(Path.compile),
  fields: [Path.compile('$.fields')],
};

/** Of a number that is taken for a time although nothing says that it is one: s of 2001. */
const SMALLEST_TIME = 1e9;
const TIME_OPTIONS = { unit: 'auto', zone: null } as const;

export class Mapping {
  private readonly builder: ReadingBuilder;
  private readonly walk: FieldWalk;

  constructor(
    private readonly source: Source,
    checks: NameCheck,
    private readonly maxReadings: number,
  ) {
    this.builder = new ReadingBuilder(source, checks);
    this.walk = new FieldWalk(this.builder, maxReadings);
  }

  /** Never throws. */
  map(content: Content, names: Names, outcome: Outcome): void {
    if ('problem' in content) outcome.decoded.push(content);
    else if ('elements' in content) {
      outcome.ignored.push(...content.ignored);
      for (const element of content.elements) this.element(element, names, outcome);
    } else this.document(content.document, content.form === 'metrics', names, outcome);
  }

  /** A value that its format has named. */
  private element(element: Element, names: Names, outcome: Outcome): void {
    const item: Item = { element, above: [], path: element.path, names };
    const series = this.builder.series(item, element, outcome);
    if (!series) return;
    if (series.metric === null) {
      wrong(outcome, 'metric', 'no-metric', `${element.path} has no name of a metric`);
      return;
    }
    const plan = planOf(series.metric, this.source);
    if (plan.left !== null) outcome.ignored.push({ path: element.path, reason: plan.left });
    else if (element.value === null) outcome.ignored.push({ path: element.path, reason: 'null' });
    else this.builder.reading(series.sensor, plan, element.value, element.ts, element.unit, item, outcome);
  }

  private document(document: unknown, metrics: boolean, names: Names, outcome: Outcome): void {
    const found = this.itemsOf(document, metrics);
    const { each } = this.source;
    if (found.length === 0) {
      const detail =
        each && !Array.isArray(document) ? `there is nothing at ${each[0]!.text}` : 'the array is empty';
      wrong(outcome, 'payload', 'bad-payload', detail);
    } else if (found.length > this.maxReadings) {
      const detail = `${found.length} readings in one message, at most ${this.maxReadings}`;
      wrong(outcome, 'payload', 'bad-payload', detail);
    } else {
      for (const { value, path, names: own, above } of found) {
        const all = own === NO_NAMES ? names : { ...names, ...own };
        this.item({ element: value, above, path, names: all }, metrics, outcome);
      }
    }
  }

  /** The elements of a list; anything else is one element. A path into the list itself makes the list one element. */
  private itemsOf(document: unknown, metrics: boolean): readonly Found[] {
    const each = this.source.each ?? (metrics && !this.source.fields ? METRICS.each : null);
    if (each) return each.map((path) => path.all(document)).find(({ length }) => length > 0) ?? [];
    const whole: Found = { value: this.timed(document), path: '$', names: NO_NAMES, above: [] };
    if (!Array.isArray(document) || whole.value !== document) return [whole];
    const path = (this.source.value ?? this.source.fields)?.[0];
    if (
      path &&
      document.length > 0 &&
      path.first(document[0]) === undefined &&
      path.first(document) !== undefined
    ) {
      return [whole];
    }
    const above = [document];
    return document.map((value, i) => ({
      ...{ value: this.timed(value), path: `$[${i}]`, names: NO_NAMES, above },
    }));
  }

  /** `[time, value]`, as time series databases write it: a time is no value. */
  private timed(value: unknown): unknown {
    if (this.source.format === 'csv' || !Array.isArray(value) || value.length !== 2) return value;
    const [ts, number] = value as unknown[];
    const isTime = (one: unknown) =>
      typeof one === 'number' && Math.abs(one) >= SMALLEST_TIME && looksLikeTime(one, TIME_OPTIONS);
    return isTime(ts) && typeof number === 'number' && !isTime(number) ? { ts, value: number } : value;
  }

  private item(item: Item, metrics: boolean, outcome: Outcome): void {
    const { element, path } = item;
    const { source } = this;
    if (saysNull(element, source)) {
      outcome.ignored.push({ path, reason: element === '' ? 'empty' : 'null' });
      return;
    }
    const time = timeOf(item, source, outcome);
    if (!time) return;
    const { ts, key } = time;
    const series = this.builder.series(
      item,
      metrics ? metricNames(element, item.names, outcome) : {},
      outcome,
    );
    if (!series) return;
    const walk: Walk = { item, series, ts, outcome };
    if (source.value) this.valueAt(source.value, walk);
    else if (source.fields) this.fields(source.fields, key, walk);
    else if (metrics && !isScalar(element)) this.fields(METRICS.fields, key, walk);
    else if (series.metric === null) {
      if (isScalar(element)) this.notAnObject(walk);
      else this.walk.each(unwrapped(element as object, key), this.walk.root(), walk, key);
    } else if (isScalar(element)) this.single(element, walk, item.above.length === 0);
    else if (Array.isArray(element)) this.row(element, walk);
    else this.valueOfObject(element as Record<string, unknown>, key, walk);
  }

  private valueAt(paths: readonly Path[], walk: Walk): void {
    for (const path of paths) {
      const value = path.first(walk.item.element);
      if (value === undefined) continue;
      this.single(value, walk, true);
      return;
    }
    wrong(walk.outcome, 'value', 'bad-value', `there is nothing at ${paths[0]!.text}`);
  }

  /** `{"value": 21.5, …}` where the metric is named already. */
  private valueOfObject(object: Record<string, unknown>, timeKey: string | null, walk: Walk): void {
    const { item, outcome } = walk;
    if (!Object.hasOwn(object, 'value')) {
      wrong(outcome, 'value', 'bad-value', "the object has no field 'value'");
      return;
    }
    this.single(object.value, walk, false);
    for (const key in object) {
      if (key === 'value' || key === timeKey) continue;
      const reason = typeof object[key] === 'string' ? 'text' : 'unused';
      outcome.ignored.push({ path: below(item.path, key), reason });
    }
  }

  /** A row of CSV without names of columns: its first number. */
  private row(cells: readonly unknown[], walk: Walk): void {
    const { item, outcome } = walk;
    if (this.source.format !== 'csv') {
      this.notAnObject(walk);
      return;
    }
    const first = cells.findIndex((cell) => numberIn(cell, this.source) !== null);
    for (const i of cells.keys()) {
      if (i !== first) outcome.ignored.push({ path: `${item.path}[${i}]`, reason: 'unused' });
    }
    if (first === -1) wrong(outcome, 'value', 'bad-value', 'no cell of the row is a number');
    else this.single(cells[first], walk, false);
  }

  /** What is below the first of the paths that leads anywhere. */
  private fields(paths: readonly Path[], timeKey: string | null, walk: Walk): void {
    const { item, outcome } = walk;
    const found = paths.map((path) => path.all(item.element)).find(({ length }) => length > 0) ?? [];
    if (found.length === 0) outcome.ignored.push({ path: paths[0]!.text, reason: 'missing' });
    for (const { value: given, path } of found) {
      const value = nestedJson(given);
      const at = `${item.path}${path.slice(1)}`;
      const there = { ...walk, item: { ...item, path: at } };
      if (!isScalar(value)) {
        this.walk.each(value as object, this.walk.root(), there, value === item.element ? timeKey : null);
      } else if (path === '$') this.bare(value, walk);
      else
        this.walk.leaf(value, this.walk.root().child(lastStep(path)), {
          ...walk,
          item: { ...item, path: '$' },
        });
    }
  }

  /** A message that is no object, where its fields are asked for. */
  private bare(value: unknown, walk: Walk): void {
    if (walk.series.metric === null) this.notAnObject(walk);
    else this.single(value, walk, true);
  }

  /** The one value of an element. @param switches whether true, false, ON and OFF count */
  private single(value: unknown, walk: Walk, switches: boolean): void {
    const { source } = this;
    const { item, series, ts, outcome } = walk;
    const plan = planOf(series.metric!, source);
    if (saysNull(value, source) || plan.left !== null) {
      outcome.ignored.push({ path: item.path, reason: plan.left ?? 'null' });
      return;
    }
    const found = numberIn(value, source);
    const position = found === null && (switches || source.booleans) ? switchIn(value) : null;
    const number = found?.value ?? position;
    if (number !== null) this.builder.reading(series.sensor, plan, number, ts, found?.unit, item, outcome);
    else if (source.quiet) outcome.ignored.push({ path: item.path, reason: 'text' });
    else if (item.above.length === 0 && value === item.element) this.notANumber(String(value), outcome);
    else if (value === item.element) {
      const detail = `a reading must be a number or an object, not ${described(value)}`;
      wrong(outcome, 'payload', 'bad-payload', detail);
    } else wrong(outcome, 'value', 'bad-value', `value must be a number, not ${described(value)}`);
  }

  private notANumber(text: string, outcome: Outcome): void {
    const hint = /^[+-]?\d+,\d+/.test(text) ? '; is it a decimal comma? Set decimal_comma: true' : '';
    const detail = `the payload is neither a number nor JSON: '${shown(text)}'${hint}`;
    wrong(outcome, 'payload', 'not-json', detail);
  }

  private notAnObject({ item: { element, above, path }, outcome }: Walk): void {
    const whole = above.length === 0;
    if (this.source.quiet && typeof element === 'string') outcome.ignored.push({ path, reason: 'text' });
    else if (whole && typeof element === 'string' && numberIn(element, this.source) === null) {
      this.notANumber(element, outcome);
    } else {
      const hint = whole && isScalar(element) ? '; the key metric gives a bare value its name' : '';
      const shownElement = numberIn(element, this.source)?.value ?? element;
      const detail = `a reading must be an object, not ${described(shownElement)}${hint}`;
      wrong(outcome, 'payload', 'bad-payload', detail);
    }
  }
}

/** `{"ts": …, "values": {…}}`, as ThingsBoard and others have it: the names begin below `values`. */
function unwrapped(element: object, timeKey: string | null): object {
  if (timeKey === null || !('values' in element)) return element;
  const { values } = element;
  return isScalar(values) || Array.isArray(values) || Object.keys(element).length > 2
    ? element
    : (values as object);
}

/** An object that stands in the message as a text of JSON, as `objectJSON` of ChirpStack 3 does. */
function nestedJson(value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('{')) return value;
  try {
    return parseJson(value);
  } catch {
    return value;
  }
}

/** The last name in a path: what a single field is called. */
function lastStep(path: string): string {
  const [, dotted, quoted, index] = /(?:\.([^.[\]]+)|\['([^']*)'\]|\[(\d+)\])$/.exec(path) ?? [];
  return dotted ?? quoted ?? index ?? path;
}

/** Of a metric of Telegraf or line protocol: what the topic does not name comes from its tags and its name. */
function metricNames(element: unknown, names: Names, outcome: Outcome): Partial<Series> {
  if (isScalar(element) || Array.isArray(element)) return {};
  const { name, tags } = element as { readonly name?: unknown; readonly tags?: unknown };
  const named = Object.entries(typeof tags === 'object' && tags !== null ? tags : {}).filter(
    (tag): tag is [string, string] => typeof tag[1] === 'string' && tag[1] !== '',
  );
  const metric = names.metric ?? (typeof name === 'string' ? name : undefined);
  if (names.sensor !== undefined) {
    for (const [tag, value] of named) {
      if (value !== names.sensor) outcome.ignored.push({ path: `$.tags.${tag}`, reason: 'unused' });
    }
    return metric === undefined ? {} : { metric };
  }
  // The host first, and every other tag too: without them the series of two disks would be one.
  const sensor = [...named.filter(([tag]) => tag === 'host'), ...named.filter(([tag]) => tag !== 'host')]
    .map(([, value]) => value)
    .join('/');
  return {
    ...(metric !== undefined && { metric }),
    ...(sensor !== '' && { sensor }),
  };
}
