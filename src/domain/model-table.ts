/**
 * Which model is in force for which series: one small table that all replicas share through the store. It is changed only
 * by the functions here, each of which gives a new table; the next commit of a series that has a new reading writes the
 * choice into the series (an assignment), and from that timestamp on it holds for good.
 */
import { InvalidInput } from '../errors.ts';
import { globMatches, isPattern } from './glob.ts';
import type { SeriesId } from './series.ts';

/** Patterns of sensor and metric (glob.ts). `*` and `*` is the default's. */
export interface ModelScope {
  readonly sensor: string;
  readonly metric: string;
}

export interface ModelRule extends ModelScope {
  /** null: what would hold without this rule. */
  readonly model: string | null;
  /** Scores beside the active model, its alerts are counted and not sent. */
  readonly shadow: string | null;
}

/** A promotion that can be rolled back. */
export interface Promotion extends ModelScope {
  /** ms UTC */
  readonly at: number;
  readonly from: string | null;
  readonly to: string;
}

export interface ModelTable {
  /** Grows with every change: the time of the change in ms, or one more than the last. 0: nobody has changed anything. */
  readonly revision: number;
  /** The model that replicas start with (MODEL_DIR or the shipped one): in force where nothing was promoted. */
  readonly start: string | null;
  /** By client id, the model that a replica last brought with it, so that a mere restart changes nothing. */
  readonly started: Readonly<Record<string, string>>;
  /** The most specific first. */
  readonly rules: readonly ModelRule[];
  /** Oldest first. */
  readonly history: readonly Promotion[];
}

export interface ModelChoice {
  /** null where neither a rule nor a start model says anything. */
  readonly model: string | null;
  readonly shadow: string | null;
}

export const EMPTY_TABLE: ModelTable = { revision: 0, start: null, started: {}, rules: [], history: [] };
export const DEFAULT_SCOPE: ModelScope = { sensor: '*', metric: '*' };

const MOST_RULES = 100;
const MOST_HISTORY = 100;
/** Replicas whose start model is remembered; containers that get a new name with every start must not fill the table. */
const MOST_STARTED = 100;

/** The models of a series: of the most specific rule that names one. */
export function choiceFor(table: ModelTable, series: SeriesId): ModelChoice {
  let model: string | null = null;
  let shadow: string | null = null;
  for (const rule of table.rules) {
    if (model !== null && shadow !== null) break;
    if (!globMatches(rule.sensor, series.sensor) || !globMatches(rule.metric, series.metric)) continue;
    model ??= rule.model;
    shadow ??= rule.shadow;
  }
  model ??= table.start;
  return { model, shadow: shadow === model ? null : shadow };
}

/** Every model that the table may put to work. */
export function modelsOf({ start, rules }: ModelTable): string[] {
  const named = [start, ...rules.flatMap(({ model, shadow }) => [model, shadow])];
  return [...new Set(named.filter((id) => id !== null))];
}

/** Puts `model` in force in `scope`; where it was the shadow it is that no more. The same table if it is in force already. */
export function promote(table: ModelTable, scope: ModelScope, model: string, now: number): ModelTable {
  const rule = ruleOf(table, scope);
  if (rule.model === model) return table;
  const shadow = rule.shadow === model ? null : rule.shadow;
  const promotion: Promotion = { at: now, ...only(scope), from: rule.model, to: model };
  return changed(table, now, {
    rules: withRule(table, { ...rule, model, shadow }),
    history: [...table.history, promotion].slice(-MOST_HISTORY),
  });
}

/**
 * Takes back the last promotion in `scope`; a second call takes back the one before.
 * @throws InvalidInput when there is none
 */
export function rollBack(table: ModelTable, scope: ModelScope, now: number): ModelTable {
  const last = table.history.findLast((promotion) => sameScope(promotion, scope));
  if (!last) {
    throw new InvalidInput('sensor', `nothing was promoted for ${scopeText(scope)}: nothing to roll back`);
  }
  return changed(table, now, {
    rules: withRule(table, { ...ruleOf(table, scope), model: last.from }),
    history: table.history.filter((promotion) => promotion !== last),
  });
}

/** Lets `model` score beside the active models in `scope`, or none (null). */
export function setShadow(
  table: ModelTable,
  scope: ModelScope,
  shadow: string | null,
  now: number,
): ModelTable {
  const rule = ruleOf(table, scope);
  if (rule.shadow === shadow) return table;
  return changed(table, now, { rules: withRule(table, { ...rule, shadow }) });
}

/**
 * A replica has started and brought `model` along. It becomes the start model unless the replica brought the same one the
 * last time: a replica that is restarted with an old MODEL_DIR does not take the others back with it.
 */
export function bringAlong(table: ModelTable, client: string, model: string, now: number): ModelTable {
  if (table.started[client] === model && table.start !== null) return table;
  const { [client]: _, ...others } = table.started;
  const started = Object.fromEntries([...Object.entries(others), [client, model]].slice(-MOST_STARTED));
  return changed(table, now, { start: model, started });
}

export function sameScope(a: ModelScope, b: ModelScope): boolean {
  return a.sensor === b.sensor && a.metric === b.metric;
}

export function scopeText(scope: ModelScope): string {
  return sameScope(scope, DEFAULT_SCOPE)
    ? 'the default'
    : `sensor '${scope.sensor}', metric '${scope.metric}'`;
}

function only({ sensor, metric }: ModelScope): ModelScope {
  return { sensor, metric };
}

function ruleOf(table: ModelTable, scope: ModelScope): ModelRule {
  const rule = table.rules.find((candidate) => sameScope(candidate, scope));
  return rule ?? { ...only(scope), model: null, shadow: null };
}

function withRule(table: ModelTable, rule: ModelRule): ModelRule[] {
  const rules = table.rules.filter((other) => !sameScope(other, rule));
  if (rule.model !== null || rule.shadow !== null) rules.push(rule);
  if (rules.length > MOST_RULES) {
    throw new InvalidInput('sensor', `there are ${MOST_RULES} rules already: roll some back first`);
  }
  return rules.sort(
    (a, b) =>
      bySpecificity(a.sensor, b.sensor) ||
      bySpecificity(a.metric, b.metric) ||
      (a.sensor < b.sensor ? -1 : 1),
  );
}

/** A name before a pattern, a long pattern before a short one. */
function bySpecificity(a: string, b: string): number {
  const literal = (pattern: string) => pattern.replace(/[*?]/g, '').length;
  return Number(isPattern(a)) - Number(isPattern(b)) || literal(b) - literal(a);
}

function changed(table: ModelTable, now: number, change: Partial<ModelTable>): ModelTable {
  return { ...table, ...change, revision: Math.max(now, table.revision + 1) };
}
