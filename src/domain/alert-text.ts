/** Why an alert was raised, as a sentence in both languages of the panel, with the numbers that people compare. */
import type { AlertChange, Peak } from './alert.ts';
import { spokenDuration } from './duration.ts';
import type { Explanation, Reason } from './verdict.ts';

export interface AlertText {
  readonly en: string;
  readonly es: string;
}

/** What the API and every receiver say of an alert beside what is stored of it. */
export interface AlertReason {
  /** The term of the detector that raised it; null for other rules, and for alerts of earlier releases. */
  readonly reason: Reason | null;
  readonly text: AlertText;
  /** Where the value was expected, in the units of the series; null where that is not known. */
  readonly expectedRange: { readonly low: number; readonly high: number } | null;
  /** The reading that lies farthest beyond while the alert is open; null for `missing`. */
  readonly peak: Peak | null;
  /** How long the alert was open; null while it is, and where it was retracted. */
  readonly durationMs: number | null;
}

/** A number of sane length: six digits, or one behind the point of a larger number. */
export function shortNumber(value: number): string {
  const whole = Math.ceil(Math.log10(Math.abs(value) + 1));
  return String(Number(value.toPrecision(Math.min(15, Math.max(6, whole + 1)))));
}

/** As the API says it, without the last digits that binary fractions add. A value and its limit must not round to the same text. */
const inFull = (value: number) => String(Number(value.toPrecision(15)));

/** @param unit null for none */
export function alertReason(alert: AlertChange, unit: string | null): AlertReason {
  const { rule, explanation, ts, value, peak, clearedTs } = alert;
  const { low = null, high = null } = explanation ?? {};
  return {
    reason: explanation?.reason ?? null,
    text: { en: sentence(alert, unit, ENGLISH), es: sentence(alert, unit, SPANISH) },
    expectedRange: low === null || high === null ? null : { low, high },
    peak: rule === 'missing' ? null : (peak ?? { value, ts }),
    durationMs: clearedTs === null ? null : clearedTs - ts,
  };
}

function sentence(alert: AlertChange, unit: string | null, words: Words): string {
  const { rule, value, limit, expected, score, explanation } = alert;
  const inUnit = (text: string) => (unit === null || unit === '' ? text : `${text} ${unit}`);
  const v = inUnit(shortNumber(value));
  if (rule === 'missing') return words.missing(spokenDuration(limit ?? 0));
  if (rule === 'min' || rule === 'max' || rule === 'rate')
    return words[rule](inUnit(inFull(value)), limit === null ? '' : inUnit(inFull(limit)));
  const parts = explanation
    ? [words[explanation.reason](v, numbersOf(explanation, inUnit)), band(explanation, inUnit, words)]
    : [words.value(v), expected === null ? '' : words.expected(inUnit(shortNumber(expected)))];
  if (score !== null) parts.push(words.score(String(Number(score.toPrecision(3)))));
  return parts.filter((part) => part !== '').join(explanation ? '; ' : ', ');
}

interface Numbers {
  readonly observed: string;
  readonly usual: string;
  /** `observed` as a multiple of `usual`; empty where `usual` is 0. */
  readonly times: string;
}

function numbersOf({ reason, observed, usual }: Explanation, inUnit: (text: string) => string): Numbers {
  const rough = (n: number) => String(Number(n.toPrecision(3)));
  const show = (n: number) => (reason === 'jump' ? inUnit(rough(n)) : String(Math.floor(n)));
  const times = usual > 0 ? String(Number((observed / usual).toPrecision(2))) : '';
  return { observed: show(observed), usual: show(usual), times };
}

function band({ low, high }: Explanation, inUnit: (text: string) => string, words: Words): string {
  return low === null || high === null ? '' : words.between(shortNumber(low), inUnit(shortNumber(high)));
}

type Words = Readonly<
  Record<Reason, (value: string, numbers: Numbers) => string> &
    Record<'min' | 'max' | 'rate', (value: string, limit: string) => string> &
    Record<'missing' | 'value' | 'expected' | 'score', (text: string) => string>
> & { readonly between: (low: string, high: string) => string };

const ENGLISH: Words = {
  jump: (v, { observed, usual }) => `${v} is ${observed} away from the forecast, usually at most ${usual}`,
  range: (v) => `${v} is far outside of what the series has had so far`,
  drift: (v, { times }) =>
    `${v}: the values move away from the forecast in one direction${of(times, 'usual')}`,
  burst: (v, { times }) => `${v}: the values are much less regular than usual${of(times, 'usual')}`,
  season: (v) => `${v} is unusual for this time of the day`,
  stuck: (v, { observed, usual }) =>
    `${v} for ${observed} readings without change, usually at most ${usual} readings`,
  min: (v, limit) => `${v} is below the limit of ${limit}`,
  max: (v, limit) => `${v} is above the limit of ${limit}`,
  rate: (v, limit) => `${v}: changed faster than the limit of ${limit}`,
  missing: (time) => `no reading for ${time}`,
  value: (v) => `value ${v}`,
  expected: (e) => `expected ${e}`,
  score: (s) => `score ${s}`,
  between: (low, high) => `expected ${low} to ${high}`,
};

const SPANISH: Words = {
  jump: (v, { observed, usual }) => `${v} dista ${observed} de lo previsto, normalmente como mucho ${usual}`,
  range: (v) => `${v} está muy fuera de lo que la serie ha tenido hasta ahora`,
  drift: (v, { times }) =>
    `${v}: los valores se apartan de lo previsto en una dirección${of(times, 'lo normal')}`,
  burst: (v, { times }) =>
    `${v}: los valores son mucho menos regulares que de costumbre${of(times, 'lo normal')}`,
  season: (v) => `${v} es inusual a esta hora del día`,
  stuck: (v, { observed, usual }) =>
    `${v} durante ${observed} lecturas sin cambio, normalmente como mucho ${usual} lecturas`,
  min: (v, limit) => `${v} está por debajo del límite de ${limit}`,
  max: (v, limit) => `${v} está por encima del límite de ${limit}`,
  rate: (v, limit) => `${v}: ha cambiado más deprisa que el límite de ${limit}`,
  missing: (time) => `sin lecturas durante ${time}`,
  value: (v) => `valor ${v}`,
  expected: (e) => `se esperaba ${e}`,
  score: (s) => `puntuación ${s}`,
  between: (low, high) => `se esperaba de ${low} a ${high}`,
};

function of(times: string, usual: string): string {
  return times === '' ? '' : ` (${times} × ${usual})`;
}
