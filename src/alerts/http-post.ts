/**
 * One POST to a receiver. Redirects are not followed: the body would go where nobody has configured it to. A receiver that
 * has a certificate of its own authority needs that authority's certificate (`ca`), which `fetch` cannot be given.
 */

import http from 'node:http';
import https from 'node:https';
import { spokenDuration } from '../domain/duration.ts';
import type { Attempt } from './target.ts';

export interface PostOptions {
  /** With user name and password for Basic authentication, if it has them. */
  readonly url: string;
  /** PEM text. */
  readonly ca?: string | undefined;
  /** For the whole exchange, ms. */
  readonly timeout: number;
  /** ms UTC */
  readonly now: () => number;
  /** What holds the address, for the message about a redirect. */
  readonly setting: string;
}

/** Answers that say `not now` in the range that otherwise says `not this`. */
const NOT_NOW = new Set([408, 425, 429]);
/** As much of an answer is read as may hold a time to wait or a reason, bytes. */
const ANSWER_BYTES = 4096;

interface Answer {
  readonly status: number;
  readonly retryAfter: string;
  readonly text: string;
}

/** Does not reject. @param headers besides those of the body and of Basic authentication */
export async function post(
  options: PostOptions,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Attempt> {
  const { timeout, now, setting } = options;
  try {
    const both = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    return judged(await exchange(options, headers, body, both), now(), setting);
  } catch (error) {
    const { name, code, message, cause } = error as NodeJS.ErrnoException & { cause?: Error };
    if (name === 'TimeoutError' || cause?.name === 'TimeoutError')
      return { result: 'failed', reason: `no answer within ${spokenDuration(timeout)}` };
    return { result: 'failed', reason: message || code || name };
  }
}

function exchange(
  { url: given, ca }: PostOptions,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<Answer> {
  const url = new URL(given);
  const { username, password } = url;
  url.username = url.password = '';
  const basic = [username, password].map(decodeURIComponent).join(':');
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? https.request : http.request;
    const request = send(url, {
      method: 'POST',
      signal,
      agent: false,
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'User-Agent': 'vigia',
        ...((username || password) && {
          Authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
        }),
        ...headers,
      },
      ...(ca !== undefined && { ca }),
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const done = () => {
        const text = Buffer.concat(chunks).toString('utf8').slice(0, ANSWER_BYTES);
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'] ?? '',
          text,
        });
        request.destroy();
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > ANSWER_BYTES) done();
      });
      response.on('end', done);
      response.on('error', reject);
    });
    request.end(body);
  });
}

function judged({ status, retryAfter, text }: Answer, now: number, setting: string): Attempt {
  if (status >= 200 && status < 300) return { result: 'delivered' };
  if (status >= 300 && status < 400) {
    const reason = `HTTP ${status}: ${setting} redirects, which is not followed; set the final address`;
    return { result: 'refused', reason };
  }
  const reason = `HTTP ${status}`;
  if (status < 500 && !NOT_NOW.has(status)) return { result: 'refused', reason };
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  const wait = ms > 0 ? ms : waitOfBody(text);
  return { result: 'failed', reason, ...(wait > 0 && { retryAfter: wait }) };
}

/** Discord and Telegram give the seconds to wait in the body: `retry_after`, or `parameters.retry_after`. @returns ms, 0 for none */
function waitOfBody(text: string): number {
  try {
    const { retry_after, parameters } = JSON.parse(text) as {
      retry_after?: number;
      parameters?: { retry_after?: number };
    };
    const seconds = Number(retry_after ?? parameters?.retry_after);
    return seconds > 0 ? seconds * 1000 : 0;
  } catch {
    return 0;
  }
}
