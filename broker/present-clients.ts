/**
 * Which clients are connected, by client id. A second one with the same id takes the place of the first [MQTT-3.1.4-2],
 * and gets in when the first has gone: Aedes mixes the two up where they overlap.
 */
import type { Client } from 'aedes';
import { streamOf } from './client-stream.ts';

/** How long a connection that is taken over may go on with what it has sent, ms. */
const TAKE_OVER_MS = 1000;

export class PresentClients {
  private readonly byId = new Map<string, Client>();

  /** @param onGone hears of each client that was here, when its connection has closed */
  constructor(private readonly onGone: (client: Client) => void) {}

  get size(): number {
    return this.byId.size;
  }

  all(): Iterable<Client> {
    return this.byId.values();
  }

  /** Resolves when the client is the only one of its id; false if its connection has ended meanwhile. */
  async enter(client: Client): Promise<boolean> {
    for (let before = this.byId.get(client.id); before; before = this.byId.get(client.id)) await gone(before);
    const stream = streamOf(client);
    if (client.closed || stream.destroyed) return false;
    this.byId.set(client.id, client);
    stream.once('close', () => {
      this.byId.delete(client.id);
      this.onGone(client);
    });
    return true;
  }
}

/** What the client has sent is still taken; one whose messages cannot be taken soon is closed without. */
function gone(client: Client): Promise<void> {
  return new Promise((resolve) => {
    const stream = streamOf(client);
    const timer = setTimeout(() => client.close(), TAKE_OVER_MS);
    stream.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    stream.endSoon();
  });
}
