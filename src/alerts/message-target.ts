/** Receivers with a body of their own: each alert change is one POST. */

import { alertmanager } from './bodies/alertmanager.ts';
import type { Posted } from './bodies/body.ts';
import { discord } from './bodies/discord.ts';
import { ntfy } from './bodies/ntfy.ts';
import { pagerduty } from './bodies/pagerduty.ts';
import { slack } from './bodies/slack.ts';
import { teams } from './bodies/teams.ts';
import { telegram } from './bodies/telegram.ts';
import { post } from './http-post.ts';
import { messageText } from './message-text.ts';
import type { Notification } from './notification.ts';
import type { Receiver } from './receiver.ts';
import type { Attempt, Target } from './target.ts';

export type MessageReceiver = Exclude<Receiver, { type: 'webhook' | 'email' }>;

export interface PostLimits {
  /** For one try, ms. */
  readonly timeout: number;
  /** ms UTC */
  readonly now: () => number;
}

/** Open alerts in one POST to Alertmanager. */
const REPEATED_AT_ONCE = 200;

export class MessageTarget implements Target {
  readonly name: string;
  readonly repeats: boolean;

  constructor(
    private readonly receiver: MessageReceiver,
    private readonly limits: PostLimits,
  ) {
    this.name = receiver.name;
    this.repeats = receiver.type === 'alertmanager';
  }

  send(notification: Notification, signal: AbortSignal): Promise<Attempt> {
    return this.post(bodyFor(this.receiver, notification, this.limits.now()), signal);
  }

  async repeat(open: readonly Notification[], signal: AbortSignal): Promise<Attempt> {
    const { receiver, limits } = this;
    if (receiver.type !== 'alertmanager') return { result: 'delivered' };
    for (let i = 0; i < open.length; i += REPEATED_AT_ONCE) {
      const told = open.slice(i, i + REPEATED_AT_ONCE).map((notification) => ({
        notification,
        text: messageText(notification, receiver.language),
      }));
      const attempt = await this.post(alertmanager(receiver, told, limits.now()), signal);
      if (attempt.result !== 'delivered') return attempt;
    }
    return { result: 'delivered' };
  }

  async close(): Promise<void> {}

  private post({ url, headers = {}, body }: Posted, signal: AbortSignal): Promise<Attempt> {
    const { name, ca } = this.receiver;
    const setting = `url of the receiver ${name}`;
    return post({ ...this.limits, url, ca, setting }, headers, JSON.stringify(body), signal);
  }
}

/** What is posted to a receiver for one alert change. @param now ms UTC */
export function bodyFor(receiver: MessageReceiver, notification: Notification, now: number): Posted {
  const text = messageText(notification, receiver.language);
  switch (receiver.type) {
    case 'alertmanager':
      return alertmanager(receiver, [{ notification, text }], now);
    case 'slack':
      return slack(receiver, notification, text);
    case 'teams':
      return teams(receiver, notification, text);
    case 'discord':
      return discord(receiver, notification, text);
    case 'ntfy':
      return ntfy(receiver, notification, text);
    case 'telegram':
      return telegram(receiver, notification, text);
    case 'pagerduty':
      return pagerduty(receiver, notification, text);
  }
}
