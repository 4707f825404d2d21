/** What is posted to a receiver: address, headers and body, made from one alert change. */

import type { MessageText } from '../message-text.ts';
import type { Notification } from '../notification.ts';

export interface Posted {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** @param text the change in words, in the language of the receiver */
export type Body<R> = (receiver: R, notification: Notification, text: MessageText) => Posted;

export function bearer(token: string | undefined): { headers: Record<string, string> } | object {
  return token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } };
}

/** Red for an open alert that is critical, orange for another open one, green for one that has ended. */
export function colourOf({ state }: Notification, severity: string): number {
  if (state !== 'open') return 0x2e7d32;
  return severity === 'critical' ? 0xc62828 : 0xef6c00;
}
