/** Builds the readings of one source: names, conversion and unit of each, or the problem that stands in its place. */
import { convert } from './conversion.ts';
import type { FieldPlan } from './fields.ts';
import { type Item, lookUp } from './item.ts';
import type { NameTemplate } from './name-template.ts';
import type { NameCheck } from './names.ts';
import type { Outcome } from './outcome.ts';
import type { Source } from './source.ts';

export interface Series {
  readonly sensor: string;
  /** null: each field is a metric. */
  readonly metric: string | null;
}

/** How people and devices write a unit, and how it is shown. */
const SHOWN: Readonly<Record<string, string>> = {
  ...{ C: '°C', '℃': '°C', degC: '°C', celsius: '°C', Celsius: '°C' },
  ...{ F: '°F', '℉': '°F', degF: '°F', fahrenheit: '°F', Fahrenheit: '°F' },
};

export class ReadingBuilder {
  constructor(
    readonly source: Source,
    private readonly checks: NameCheck,
  ) {}

  /**
   * The names of the sensor and the metric.
   * @param own what the format gives: goes before the topic
   * @returns null where there is no sensor: `outcome` has the problem then
   */
  series(item: Item, own: Partial<Series>, outcome: Outcome): Series | null {
    const { source } = this;
    const given = own.sensor ?? item.names.sensor;
    let sensor = source.sensor ? this.filled(source.sensor, 'sensor', item, outcome) : given;
    if (sensor === null) return null;
    if (sensor === '') sensor = given;
    if (sensor === undefined) {
      wrong(outcome, 'sensor', 'no-sensor', 'neither the topic nor the message names the sensor');
      return null;
    }
    const why = this.checks.problem(sensor);
    if (why !== null) {
      wrong(outcome, 'sensor', 'bad-name', `the sensor name ${why}`);
      return null;
    }
    const metric = source.metric
      ? this.filled(source.metric, 'metric', item, outcome)
      : (own.metric ?? item.names.metric ?? null);
    return metric === null && source.metric ? null : { sensor, metric };
  }

  private filled(
    template: NameTemplate,
    field: 'sensor' | 'metric',
    item: Item,
    outcome: Outcome,
  ): string | null {
    const name = template.fill(item);
    if (typeof name === 'string') return name;
    const publisher = name.missing === 'client' || name.missing === 'user';
    const detail = publisher
      ? `the broker does not tell who has published, so {${name.missing}} cannot name the ${field}`
      : `there is no ${name.missing} to name the ${field}`;
    wrong(outcome, field, `no-${field}`, detail);
    return null;
  }

  reading(
    sensor: string,
    plan: FieldPlan,
    given: number,
    ts: number | undefined,
    ownUnit: string | undefined,
    item: Item,
    outcome: Outcome,
  ): void {
    if (!Number.isFinite(given)) {
      wrong(outcome, 'value', 'bad-value', 'value is too large for a double');
      return;
    }
    const { metric } = plan;
    if (plan.wrongName === undefined) plan.wrongName = this.checks.problem(metric);
    const why = plan.wrongName;
    if (why !== null) {
      wrong(outcome, 'metric', 'bad-payload', `a field name ${why}`);
      return;
    }
    // Adding 0 turns -0 into 0, which is equal but not the same to every store.
    const value = plan.convert ? convert(given, plan.convert) : given + 0;
    const reading = ts === undefined ? { sensor, metric, value } : { sensor, metric, value, ts };
    const unit = this.unitOf(plan, given, ownUnit, item);
    outcome.decoded.push(unit === undefined ? { reading } : { reading, unit });
  }

  private unitOf(
    { unit, convert: conversion }: Pick<FieldPlan, 'unit' | 'convert'>,
    value: number,
    own: string | undefined,
    item: Item,
  ): string | undefined {
    if (typeof unit === 'string') return unit;
    if (unit && 'above' in unit) return Math.abs(value) < unit.at ? unit.below : unit.above;
    const found = unit ? lookUp([unit], item)?.value : undefined;
    if (typeof found === 'string' && found !== '') return SHOWN[found] ?? found;
    const text = conversion?.unit ?? own;
    return text === undefined ? undefined : (SHOWN[text] ?? text);
  }
}

export function wrong(outcome: Outcome, field: string, reason: string, detail: string): void {
  outcome.decoded.push({ problem: { field, reason, detail } });
}
