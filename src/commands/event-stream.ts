/** The live stream of a running Vigía, for the commands that follow it. */
import { setTimeout as delay } from 'node:timers/promises';
import { VigiaError } from '../errors.ts';
import { type RunningServer, requestServer, ServerRefused } from './running-server.ts';

export interface LiveEvent {
  readonly event: string;
  /** Parsed JSON. */
  readonly data: unknown;
}

const RETRY_MS = 1000;

/** Never ends: a stream that breaks off is opened again. @throws VigiaError where the first try fails, ServerRefused */
export async function* liveEvents(server: RunningServer, query: URLSearchParams): AsyncGenerator<LiveEvent> {
  for (let connected = false; ; ) {
    try {
      const { body } = await requestServer(server, 'GET', `/api/stream?${query}`);
      if (connected) console.error('connected again');
      connected = true;
      yield* eventsOf(body!);
    } catch (error) {
      const refused = error instanceof ServerRefused && error.status < 500;
      if (!connected || refused) throw error;
      if (!(error instanceof VigiaError || error instanceof TypeError)) throw error;
    }
    console.error('the stream has broken off; trying again');
    await delay(RETRY_MS);
  }
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<LiveEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const event = /^event: (.*)$/m.exec(frame)?.[1];
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
