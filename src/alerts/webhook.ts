/**
 * Alert changes as signed POSTs. The signature covers the time of the try and the body, so a receiver can tell that it
 * comes from here and is no recording.
 */
import { createHmac } from 'node:crypto';
import { post } from './http-post.ts';
import { idempotencyKey, type Notification } from './notification.ts';
import type { Attempt, Target } from './target.ts';

export interface WebhookOptions {
  /** Default: `webhook`, the receiver of ALERT_WEBHOOK_URL. */
  readonly name?: string;
  /** With user name and password for Basic authentication, if it has them. Its path may be a secret too. */
  readonly url: string;
  /** Absent: unsigned. */
  readonly secret?: string | undefined;
  /** PEM text of the authority that signed the receiver's certificate. */
  readonly ca?: string | undefined;
  /** ms */
  readonly timeout: number;
  /** ms UTC */
  readonly now: () => number;
}

export class Webhook implements Target {
  readonly name: string;

  constructor(private readonly options: WebhookOptions) {
    this.name = options.name ?? 'webhook';
  }

  send(notification: Notification, signal: AbortSignal): Promise<Attempt> {
    const { name, secret, now } = this.options;
    const body = JSON.stringify(notification);
    const timestamp = String(Math.floor(now() / 1000));
    const headers = {
      'Idempotency-Key': idempotencyKey(notification),
      'Vigia-Timestamp': timestamp,
      ...(secret !== undefined && { 'Vigia-Signature': signature(secret, timestamp, body) }),
    };
    const setting = name === undefined ? 'ALERT_WEBHOOK_URL' : `url of the receiver ${name}`;
    return post({ ...this.options, setting }, headers, body, signal);
  }

  async close(): Promise<void> {}
}

/** `sha256=` and the HMAC-SHA256, in hex, of the timestamp, a dot and the body. @param timestamp s UTC */
export function signature(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
