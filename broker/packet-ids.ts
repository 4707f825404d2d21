/**
 * Packet identifiers of one client. Aedes numbers what it sends itself and does not look which numbers are in use, so
 * its deliveries and ours have one half of the numbers each: an acknowledgement never names the other's message.
 */
import type { Client } from 'aedes';

/** Ours are from here to 65535, Aedes' below. */
const FIRST = 0x8000;
const COUNT = 0x8000;

export class PacketIds {
  private readonly used = new Set<number>();
  /** Goes on where it is when the client comes back: an acknowledgement that it sends too late names nothing new. */
  private next = Math.floor(Math.random() * COUNT);

  get exhausted(): boolean {
    return this.used.size >= COUNT;
  }

  /** One that is not in use. @throws RangeError if there is none */
  take(): number {
    if (this.exhausted) throw new RangeError('every packet identifier is in use');
    let id: number;
    do {
      id = FIRST + this.next;
      this.next = (this.next + 1) % COUNT;
    } while (this.used.has(id));
    this.used.add(id);
    return id;
  }

  release(id: number): void {
    this.used.delete(id);
  }
}

/** A function that gives the numbers of Aedes' own deliveries to a client, in turn. */
export function aedesIds(): (client: Client) => number {
  const last = new WeakMap<Client, number>();
  return (client) => {
    const id = ((last.get(client) ?? 0) % (FIRST - 1)) + 1;
    last.set(client, id);
    return id;
  };
}
