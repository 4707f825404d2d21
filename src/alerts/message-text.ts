/** An alert change in words, for receivers that people read. */
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
    since: 'since',
    until: 'until',
  },
  es: {
    open: 'Alerta',
    cleared: 'Terminada',
    retracted: 'Retirada',
    acknowledged: 'Reconocida',
    since: 'desde',
    until: 'hasta',
  },
} as const satisfies Record<Language, object>;

export function messageText(notification: Notification, language: Language): MessageText {
  const words = WORDS[language];
  const { sensor, metric, rule, state, acknowledged } = notification;
  const what = state === 'open' && acknowledged ? words.acknowledged : words[state];
  return {
    title: `${what}: ${sensor} ${metric} (${rule})`,
    lines: [notification.text[language], times(notification, words)],
  };
}

function times({ ts, clearedTs }: Notification, words: { since: string; until: string }): string {
  const since = `${words.since} ${new Date(ts).toISOString()}`;
  return clearedTs === null ? since : `${since} ${words.until} ${new Date(clearedTs).toISOString()}`;
}

/** At most `max` characters; a longer text ends in an ellipsis. */
export function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
