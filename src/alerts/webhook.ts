/**
 * Alert changes as signed POSTs. The signature covers the time of the try and the body, so a receiver can tell that it
 * comes from here and is no recording. Redirects are not followed: the body would go where nobody has configured it to.
 */
import { createHmac } from 'node:crypto';
import { idempotencyKey, type Notification } from './notification.ts';
import type { Attempt, Target } from './target.ts';

export interface WebhookOptions {
  /** With user name and password for Basic authentication, if it has them. Its path may be a secret too. */
  readonly url: string;
  /** Absent: unsigned. */
  readonly secret?: string | undefined;
  /** ms */
  readonly timeout: number;
  /** ms UTC */
  readonly now: () => number;
}

/** Answers that say `not now` in the range that otherwise says `not this`. */
const NOT_NOW = new Set([408, 425, 429]);

export class Webhook implements Target {
  readonly name = 'webhook';
  private readonly url: string;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(private readonly options: WebhookOptions) {
    const url = new URL(options.url);
    const { username, password } = url;
    // fetch refuses URLs with credentials.
    url.username = url.password = '';
    this.url = url.href;
    const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
      'base64',
    );
    this.headers = {
      'Content-Type': 'application/json',
      'User-Agent': 'vigia',
      ...((username || password) && { Authorization: `Basic ${basic}` }),
    };
  }

  async send(notification: Notification, signal: AbortSignal): Promise<Attempt> {
    const { secret, timeout, now } = this.options;
    const body = JSON.stringify(notification);
    const timestamp = String(Math.floor(now() / 1000));
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          ...this.headers,
          'Idempotency-Key': idempotencyKey(notification),
          'Vigia-Timestamp': timestamp,
          ...(secret !== undefined && { 'Vigia-Signature': signature(secret, timestamp, body) }),
        },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
      });
      // What it says is not read.
      await response.body?.cancel().catch(() => {});
      return attempt(response, now());
    } catch (error) {
      const { name, message, cause } = error as Error;
      if (name === 'TimeoutError') return { result: 'failed', reason: `no answer within ${timeout} ms` };
      const { code, message: why } = (cause ?? {}) as { code?: string; message?: string };
      return { result: 'failed', reason: why || code || message };
    }
  }

  async close(): Promise<void> {}
}

/** `sha256=` and the HMAC-SHA256, in hex, of the timestamp, a dot and the body. @param timestamp s UTC */
export function signature(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

function attempt({ ok, status, headers }: Response, now: number): Attempt {
  if (ok) return { result: 'delivered' };
  if (status < 400) {
    const reason = `HTTP ${status}: ALERT_WEBHOOK_URL redirects, which is not followed; set the final address`;
    return { result: 'refused', reason };
  }
  const reason = `HTTP ${status}`;
  if (status < 500 && !NOT_NOW.has(status)) return { result: 'refused', reason };
  const retryAfter = headers.get('retry-after') ?? '';
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return { result: 'failed', reason, ...(ms > 0 && { retryAfter: ms }) };
}
