/** What ALERT_RECEIVERS says of one receiver. */
import type { Severity } from '../domain/severity.ts';

/** An alert passes when it fits one pattern of each list; `severities` lists whole values. */
export interface Filter {
  readonly sensors: readonly string[];
  readonly metrics: readonly string[];
  readonly rules: readonly string[];
  readonly severities: readonly Severity[];
}

/** Languages of the texts that people read. */
export const LANGUAGES = ['en', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

interface Common {
  /** Stable: the receiver's place in the stream of alerts bears it, and so do metrics and routes. */
  readonly name: string;
  readonly filter: Filter;
  readonly language: Language;
  /** PEM text of the authority that signed the receiver's certificate. Absent: the authorities that Node.js knows. */
  readonly ca?: string;
}

/** Fields that hold a secret: `url` too, because the path of many a webhook is one. */
export type Receiver = Common &
  (
    | { readonly type: 'webhook'; readonly url: string; readonly secret?: string }
    | {
        readonly type: 'alertmanager';
        readonly url: string;
        readonly username?: string;
        readonly password?: string;
        readonly token?: string;
      }
    | { readonly type: 'slack' | 'teams' | 'discord'; readonly url: string }
    | { readonly type: 'ntfy'; readonly url: string; readonly topic: string; readonly token?: string }
    | { readonly type: 'telegram'; readonly url: string; readonly token: string; readonly chat: string }
    | { readonly type: 'pagerduty'; readonly url: string; readonly key: string }
    | {
        readonly type: 'email';
        readonly url: string;
        readonly from: string;
        readonly to: string;
        readonly username?: string;
        readonly password?: string;
      }
  );

export type ReceiverType = Receiver['type'];

export const EVERYTHING: Filter = {
  sensors: ['*'],
  metrics: ['*'],
  rules: ['*'],
  severities: ['warning', 'critical'],
};
