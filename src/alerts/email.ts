/** Alert changes as e-mail, through a mail server (SMTP). The messages about one alert are one thread. */

import { createHash } from 'node:crypto';
import nodemailer, { type Transporter } from 'nodemailer';
import { spokenDuration } from '../domain/duration.ts';
import { messageText } from './message-text.ts';
import type { Notification } from './notification.ts';
import type { Receiver } from './receiver.ts';
import type { Attempt, Target } from './target.ts';

export class Email implements Target {
  readonly name: string;
  private readonly transport: Transporter;

  /** @param timeout for one try, ms */
  constructor(
    private readonly receiver: Receiver & { type: 'email' },
    private readonly timeout: number,
  ) {
    this.name = receiver.name;
    const url = new URL(receiver.url);
    const username = receiver.username ?? decodeURIComponent(url.username);
    const password = receiver.password ?? decodeURIComponent(url.password);
    this.transport = nodemailer.createTransport({
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || (url.protocol === 'smtps:' ? 465 : 587)),
      secure: url.protocol === 'smtps:',
      // A password goes over an encrypted connection only.
      requireTLS: url.protocol === 'smtp:' && username !== '',
      ...(username !== '' && { auth: { user: username, pass: password } }),
      ...(receiver.ca !== undefined && { tls: { ca: receiver.ca } }),
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
    });
  }

  async send(notification: Notification, signal: AbortSignal): Promise<Attempt> {
    const { from, to, language } = this.receiver;
    const { title, lines } = messageText(notification, language);
    const { id, revision } = notification;
    const domain = /@([^>\s]+)/.exec(from)?.[1] ?? 'vigia.invalid';
    const thread = createHash('sha256').update(id).digest('hex').slice(0, 32);
    const first = `<${thread}@${domain}>`;
    const sent = this.transport.sendMail({
      from,
      to,
      subject: title,
      text: `${lines.join('\n')}\n\n${id}\n`,
      messageId: revision === 1 ? first : `<${thread}.${revision}@${domain}>`,
      ...(revision > 1 && { inReplyTo: first, references: first }),
    });
    try {
      await Promise.race([sent, ended(signal, this.timeout)]);
      return { result: 'delivered' };
    } catch (error) {
      sent.catch(() => {});
      const { responseCode = 0, message } = error as Error & { responseCode?: number };
      return { result: responseCode >= 500 ? 'refused' : 'failed', reason: message };
    }
  }

  async close(): Promise<void> {
    this.transport.close();
  }
}

/** Rejects after `timeout` ms, or when `signal` is aborted. */
function ended(signal: AbortSignal, timeout: number): Promise<never> {
  const both = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  return new Promise((_resolve, reject) => {
    const stop = () =>
      reject(new Error(signal.aborted ? 'shutting down' : `no answer within ${spokenDuration(timeout)}`));
    if (both.aborted) stop();
    else both.addEventListener('abort', stop, { once: true });
  });
}
