/**
 * An HTTP load generator that costs little beside what it loads: raw sockets, and of an answer only its status and its
 * length are read. One request at a time per connection; a server that closes after each answer is connected to anew.
 */
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Path and query of request `i`. */
  readonly path: (i: number) => string;
}

export interface LoadResult {
  readonly perSecond: number;
  /** ms, ascending */
  readonly latencies: readonly number[];
}

/** @throws Error at the first answer that is not 200 */
export function load({ url, connections, seconds, path }: Load): Promise<LoadResult> {
  const { hostname, port } = new URL(url);
  const latencies: number[] = [];
  const sockets = new Set<Socket>();
  const began = performance.now();
  const end = began + seconds * 1000;
  let next = 0;
  return new Promise((resolve, reject) => {
    const stop = (error?: Error) => {
      for (const socket of sockets) socket.destroy();
      const perSecond = (latencies.length / (performance.now() - began)) * 1000;
      if (error) reject(error);
      else resolve({ perSecond, latencies: latencies.sort((a, b) => a - b) });
    };
    const open = () => {
      const socket = connect(Number(port), hostname);
      socket.setNoDelay(true);
      sockets.add(socket);
      let head = '';
      /** Bytes of the answer still to come; NaN while its head is not whole. */
      let left = Number.NaN;
      let closes = false;
      let started = 0;
      const send = () => {
        started = performance.now();
        head = '';
        left = Number.NaN;
        socket.write(`GET ${path(next++)} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
      };
      socket.on('data', (chunk) => {
        if (Number.isNaN(left)) {
          const before = head.length;
          head += chunk.toString('latin1');
          const headEnd = head.indexOf('\r\n\r\n');
          if (headEnd < 0) return;
          if (!head.startsWith('HTTP/1.1 200')) return stop(new Error(head));
          closes = /\r\nconnection: close/i.test(head);
          left = Number(/\r\ncontent-length: (\d+)/i.exec(head)![1]) + headEnd + 4 - before;
        }
        left -= chunk.length;
        if (left > 0) return;
        const now = performance.now();
        latencies.push(now - started);
        if (now >= end) stop();
        else if (closes) {
          sockets.delete(socket);
          socket.destroy();
          open();
        } else send();
      });
      socket.on('error', stop);
      send();
    };
    for (let i = 0; i < connections; i++) open();
  });
}
