/**
 * A connected client as the queues see it: writes deliveries to its connection, many in one write, and remembers those
 * of QoS 1 and 2 until they are acknowledged. Nothing here waits: a client that does not read is left out until it does,
 * and holds up nobody.
 */
import type { Client } from 'aedes';
import { streamOf } from './client-stream.ts';
import { type Delivery, encode } from './message.ts';
import type { PacketIds } from './packet-ids.ts';

/** Who gave a delivery, and hears what became of it. */
export interface Sender {
  acknowledged(delivery: Delivery): void;
  /** The connection has gone; what it has not acknowledged, in the order in which it was sent. */
  returned(deliveries: readonly Delivery[]): void;
  /** The client can take more. */
  wake(): void;
}

/** Enough to make a write worth it; a larger one would only be copied into the connection's buffer. */
const WRITE_BYTES = 65_536;

export class ClientLink {
  private readonly inFlight = new Map<number, { readonly delivery: Delivery; readonly sender: Sender }>();
  private readonly senders = new Set<Sender>();
  private unsent: Delivery[] = [];
  private unsentBytes = 0;
  private awaitsDrain = false;
  private closed = false;

  constructor(
    readonly client: Client,
    readonly ids: PacketIds,
  ) {}

  add(sender: Sender): void {
    this.senders.add(sender);
  }

  /** What it has in flight from this sender stays until it is acknowledged or the connection goes. */
  remove(sender: Sender): void {
    this.senders.delete(sender);
  }

  /** Whether `send` may be called; if not, the senders are woken when it may. */
  ready(): boolean {
    const { client } = this;
    if (this.closed || client.closed || streamOf(client).gone || this.ids.exhausted) return false;
    if (!client.conn.writableNeedDrain) return true;
    if (!this.awaitsDrain) {
      this.awaitsDrain = true;
      client.conn.once('drain', () => {
        this.awaitsDrain = false;
        this.wake();
      });
    }
    return false;
  }

  /** Sends with the next `flush`, or earlier. */
  send(delivery: Delivery, sender: Sender): void {
    if (delivery.qos > 0) {
      delivery.id ||= this.ids.take();
      this.inFlight.set(delivery.id, { delivery, sender });
    }
    this.unsent.push(delivery);
    this.unsentBytes += delivery.message.bytes;
    if (this.unsentBytes >= WRITE_BYTES) this.flush();
  }

  flush(): void {
    if (this.unsent.length === 0) return;
    const bytes = encode(this.unsent);
    this.unsent = [];
    this.unsentBytes = 0;
    this.client.conn.write(bytes);
  }

  /** PUBACK or PUBCOMP. Numbers that are not ours are Aedes', or come late: nothing happens. */
  acknowledge(id: number): void {
    const entry = this.inFlight.get(id);
    if (!entry) return;
    const full = this.ids.exhausted;
    this.inFlight.delete(id);
    this.ids.release(id);
    entry.sender.acknowledged(entry.delivery);
    if (full) this.wake();
  }

  /** PUBREC: from now on the message need not be sent again, only PUBREL. */
  received(id: number): void {
    const entry = this.inFlight.get(id);
    if (entry?.delivery.qos === 2) entry.delivery.received = true;
  }

  /** The connection has gone: gives everything unacknowledged back. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.unsent = [];
    const bySender = new Map<Sender, Delivery[]>();
    for (const { delivery, sender } of this.inFlight.values()) {
      const list = bySender.get(sender);
      if (list) list.push(delivery);
      else bySender.set(sender, [delivery]);
    }
    this.inFlight.clear();
    for (const [sender, deliveries] of bySender) sender.returned(deliveries);
  }

  private wake(): void {
    for (const sender of this.senders) sender.wake();
  }
}
