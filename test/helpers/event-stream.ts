/** A client of the live stream, as a browser reads it. */
import { onTestFinished } from 'vitest';

export interface StreamEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
  readonly data: any;
}

export interface EventStream {
  readonly response: Response;
  readonly events: StreamEvent[];
  /** Comments, without their colon. */
  readonly comments: string[];
  /** Resolves when the stream ends, whichever way. */
  readonly ended: Promise<void>;
  close(): void;
}

export async function eventStream(url: string, init: RequestInit = {}): Promise<EventStream> {
  const abort = new AbortController();
  const response = await fetch(url, { ...init, signal: abort.signal });
  const events: StreamEvent[] = [];
  const comments: string[] = [];
  const close = () => abort.abort();
  onTestFinished(close);
  const read = async () => {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        if (block.startsWith(':')) comments.push(block.slice(1).trim());
        const match = /^event: (\w+)\ndata: (.*)$/.exec(block);
        if (match) events.push({ event: match[1]!, data: JSON.parse(match[2]!) });
      }
    }
  };
  return { response, events, comments, ended: read().catch(() => {}), close };
}
