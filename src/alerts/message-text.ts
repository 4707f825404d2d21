/** An alert change in words, for receivers that people read. */
import { spokenDuration } from '../domain/duration.ts';
import type { Notification } from './notification.ts';
import type { Language } from './receiver.ts';

export interface MessageText {
  /** One line without its end. */
  readonly title: string;
  readonly lines: readonly string[];
}

const WORDS = {
  en: {
    open: 'Alert',
    cleared: 'Cleared',
    retracted: 'Withdrawn',
    acknowledged: 'Acknowledged',
    value: 'value',
    expected: 'expected',
    limit: 'limit',
    score: 'score',
    since: 'since',
    until: 'until',
    noReading: 'no reading for',
  },
  es: {
    open: 'Alerta',
    cleared: 'Terminada',
    retracted: 'Retirada',
    acknowledged: 'Reconocida',
    value: 'valor',
    expected: 'esperado',
    limit: 'límite',
    score: 'puntuación',
    since: 'desde',
    until: 'hasta',
    noReading: 'sin lecturas durante',
  },
} as const satisfies Record<Language, object>;

/** A number of sane length. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

export function shortScore(score: number): string {
  return String(Number(score.toPrecision(3)));
}

export function messageText(notification: Notification, language: Language): MessageText {
  const words = WORDS[language];
  const { sensor, metric, rule, state, acknowledged } = notification;
  const what = state === 'open' && acknowledged ? words.acknowledged : words[state];
  return {
    title: `${what}: ${sensor} ${metric} (${rule})`,
    lines: [alertFacts(notification, language), times(notification, words)],
  };
}

/** Why the alert was raised, in numbers. */
export function alertFacts(notification: Notification, language: Language): string {
  const words = WORDS[language];
  const { rule, value, expected, score, limit, unit } = notification;
  const inUnit = (n: number) => (unit === null ? shortNumber(n) : `${shortNumber(n)} ${unit}`);
  if (rule === 'missing') return `${words.noReading} ${spokenDuration(limit ?? 0)}`;
  return [
    `${words.value} ${inUnit(value)}`,
    ...(limit === null ? [] : [`${words.limit} ${inUnit(limit)}`]),
    ...(limit !== null || expected === null ? [] : [`${words.expected} ${inUnit(expected)}`]),
    ...(limit !== null || score === null ? [] : [`${words.score} ${shortScore(score)}`]),
  ].join(', ');
}

function times({ ts, clearedTs }: Notification, words: { since: string; until: string }): string {
  const since = `${words.since} ${new Date(ts).toISOString()}`;
  return clearedTs === null ? since : `${since} ${words.until} ${new Date(clearedTs).toISOString()}`;
}

/** At most `max` characters; a longer text ends in an ellipsis. */
export function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
