/**
 * ALERT_RULES: a list of entries in YAML (of which JSON is a part), such as
 *
 *     - {sensor: 'freezer-*', metric: temperature, max: -10, min: -30, rate: 5/1m, hysteresis: 0.5, for: 2m, missing: 5m}
 *
 * An entry says of which series (patterns; all of them where it gives none) and what. What is read here is checked but not
 * applied: the pipeline looks up the rules of a series (pipeline/rule-book.ts), the fold goes by them (detect/limits.ts).
 */
import type { AlertRule, MissingRule } from '../domain/alert-rule.ts';
import { durationText, parseDuration } from '../domain/duration.ts';
import { isFields, type ReadEntry, readEntryList, Wrong } from './entry-list.ts';

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isOff = (value: unknown) => value === 'off' || value === false;

function pattern(value: unknown): unknown {
  return typeof value === 'string' && value !== ''
    ? value
    : new Wrong('must be a name, in which * stands for any characters and ? for one');
}

function limit(value: unknown): unknown {
  if (isOff(value)) return null;
  return isNumber(value) ? value + 0 : new Wrong('must be a number in the unit of the metric, or off');
}

function rate(value: unknown): unknown {
  if (isOff(value)) return null;
  const [, change = '', time = ''] = /^\s*(\S+?)\s*\/\s*(.+)$/.exec(String(value)) ?? [];
  const per = parseDuration(time);
  return Number(change) > 0 && Number.isFinite(Number(change)) && per >= 1
    ? { change: Number(change), per }
    : new Wrong('must be a change per time, such as 5/1m, or off');
}

function hysteresis(value: unknown): unknown {
  return isNumber(value) && value >= 0
    ? value
    : new Wrong('must be a number in the unit of the metric, 0 or more');
}

function lasting(value: unknown): unknown {
  if (isOff(value)) return 0;
  const time = typeof value === 'string' ? parseDuration(value) : Number.NaN;
  return time >= 0 ? time : new Wrong('must be a time such as 30s, or off');
}

function missing(value: unknown): unknown {
  if (isOff(value)) return null;
  const [, times] = /^\s*([\d.]+)\s*x\s*$/i.exec(String(value)) ?? [];
  if (Number(times) >= 1) return { factor: Number(times) };
  const after = typeof value === 'string' ? parseDuration(value) : Number.NaN;
  return after >= 1
    ? { after }
    : new Wrong('must be a time such as 5m, a number of usual intervals such as 3x, or off');
}

function anomaly(value: unknown): unknown {
  if (isOff(value)) return false;
  return value === 'on' || value === true ? true : new Wrong('must be on or off');
}

const PATTERNS: Readonly<Record<string, (value: unknown) => unknown>> = { sensor: pattern, metric: pattern };
const RULES: typeof PATTERNS = { min: limit, max: limit, rate, hysteresis, for: lasting, missing, anomaly };
const FIELDS: typeof PATTERNS = { ...PATTERNS, ...RULES };

/**
 * Reads ALERT_RULES.
 * @returns the entries, and every problem: each names the entry, its line and the field. With problems the entries are not
 *   to be used.
 */
export function parseAlertRules(text: string): { rules: readonly AlertRule[]; problems: readonly string[] } {
  const { entries, problems } = readEntryList(text, readEntry);
  return { rules: entries, problems };
}

/**
 * Reads the entries of a list that was parsed already.
 * @returns the rules, and every problem: each names the entry, from 1 on, and the field. With problems the rules are not to be used.
 */
export function readAlertRules(list: readonly unknown[]): {
  rules: readonly AlertRule[];
  problems: readonly string[];
} {
  const read = list.map(readEntry);
  return {
    rules: read.map(({ value }) => value),
    problems: read.flatMap(({ problems }, i) => problems.map((problem) => `entry ${i + 1}${problem}`)),
  };
}

/** A rule as it is written in a list. */
export function writtenRule({ rate, missing, for: lasting, anomaly, ...rest }: AlertRule): object {
  const off = (value: unknown) => (value === null ? 'off' : value);
  const limits = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, off(value)]));
  return {
    ...limits,
    ...(rate !== undefined && { rate: rate === null ? 'off' : `${rate.change}/${durationText(rate.per)}` }),
    ...(lasting !== undefined && { for: durationText(lasting) }),
    ...(missing !== undefined && { missing: writtenMissing(missing) }),
    ...(anomaly !== undefined && { anomaly: anomaly ? 'on' : 'off' }),
  };
}

function writtenMissing(missing: MissingRule): string {
  if (missing === null) return 'off';
  return 'after' in missing ? durationText(missing.after) : `${missing.factor}x`;
}

function readEntry(entry: unknown): ReadEntry<AlertRule> {
  const rule = { sensor: '*', metric: '*' };
  if (!isFields(entry)) {
    return {
      value: rule,
      problems: [`: must be fields such as sensor, metric, max: {sensor: 'freezer-*', max: -10}`],
    };
  }
  const problems: string[] = [];
  const known = Object.keys(FIELDS).join(', ');
  for (const [name, value] of Object.entries(entry)) {
    const read = Object.hasOwn(FIELDS, name)
      ? FIELDS[name]!(value)
      : new Wrong(`is no field of a rule: ${known}`);
    if (!(read instanceof Wrong)) Object.assign(rule, { [name]: read });
    else problems.push(`, ${name}: ${read.must} (is ${JSON.stringify(value)})`);
  }
  const { min, max } = rule as AlertRule;
  if (min != null && max != null && min >= max) problems.push(`, min: must be below max (${min}, ${max})`);
  if (!Object.keys(entry).some((name) => Object.hasOwn(RULES, name))) {
    problems.push(`: has no rule: ${Object.keys(RULES).join(', ')}`);
  }
  return { value: Object.freeze(rule), problems };
}
