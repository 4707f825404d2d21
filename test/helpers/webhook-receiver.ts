/** A real HTTP server that takes webhooks; gone when the current test ends. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body, read. */
  readonly json: { readonly id: string; readonly revision: number; readonly [name: string]: unknown };
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface WebhookReceiver {
  readonly url: string;
  /** Everything that arrived whole, whatever the answer was. */
  readonly posts: Post[];
  /** What to answer, null: nothing at all. At first 204. */
  answer: (post: Post) => Answer | null | Promise<Answer | null>;
  /** `<id>/<revision>` of each post, in order. */
  keys(): string[];
  /** Closes the port. */
  stop(): Promise<void>;
  /** Opens the same port again. */
  start(): Promise<void>;
}

export async function webhookReceiver(): Promise<WebhookReceiver> {
  let server: Server;
  let port = 0;
  const posts: Post[] = [];
  const start = async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', async () => {
        const body = Buffer.concat(chunks).toString();
        const post = { headers: request.headers, body, json: JSON.parse(body) };
        posts.push(post);
        const answer = await receiver.answer(post);
        if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(stop);
  await start();
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${port}/hook`,
    posts,
    answer: () => ({ status: 204 }),
    keys: () => posts.map(({ json: { id, revision } }) => `${id}/${revision}`),
    start,
    stop,
  };
  return receiver;
}
