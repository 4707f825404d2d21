/**
 * A queue of messages and the connected clients that share it: the members of a shared subscription, or the one client of
 * a persistent session. Each message goes to one of them, in turn among those whose window has room; what a client leaves
 * unacknowledged comes back and goes out again.
 */
import type { ClientLink, Sender } from './client-link.ts';
import type { WindowLimits } from './limits.ts';
import type { Delivery, Message, QoS } from './message.ts';
import { MessageQueue } from './message-queue.ts';
import type { QueueMemory } from './queue-memory.ts';

export interface DeliveryQueueOptions {
  /** For the log. */
  readonly name: string;
  readonly memory: QueueMemory;
  /** Whose messages they are; null: of many. */
  readonly owner: string | null;
  readonly window: WindowLimits;
  /**
   * Whether unacknowledged messages are for the same client again: then they keep their packet identifier and are marked
   * as sent before, as MQTT asks for (4.4). The queue's one client must have one and the same set of identifiers for ever.
   */
  readonly sameClient: boolean;
}

export class DeliveryQueue {
  private readonly queue: MessageQueue;
  private places: Place[] = [];
  private turn = 0;
  private scheduled = false;
  private closed = false;
  private sent = 0;

  /** @param onReleased called for a delivery that is dropped while it holds a packet identifier */
  constructor(
    private readonly options: DeliveryQueueOptions,
    onReleased: (delivery: Delivery) => void = () => undefined,
  ) {
    this.queue = new MessageQueue(options.name, options.memory, onReleased, options.owner);
  }

  /** Messages that wait, those in flight not included. */
  get length(): number {
    return this.queue.length;
  }

  /** Sent and not acknowledged. */
  get inFlight(): number {
    return this.sent;
  }

  /** Clients connected. */
  get live(): number {
    return this.places.length;
  }

  push(message: Message): void {
    if (this.closed) return;
    this.queue.push(message);
    this.schedule();
  }

  /** @param qos the greatest that this client gets */
  open(link: ClientLink, qos: QoS): Place {
    const place = new Place(link, qos, this.options.window, this);
    this.places.push(place);
    link.add(place);
    this.schedule();
    return place;
  }

  /** The client gets nothing more; what it has may still be acknowledged. */
  leave(place: Place): void {
    this.places = this.places.filter((other) => other !== place);
    place.link.remove(place);
  }

  /** Drops what waits, and everything that comes back. */
  close(): void {
    this.closed = true;
    for (const place of this.places) place.link.remove(place);
    this.places = [];
    this.queue.close();
  }

  /** Of a place: messages on their way, + or −. */
  count(messages: number): void {
    this.sent += messages;
  }

  takeBack(deliveries: readonly Delivery[], { ids }: ClientLink): void {
    for (const delivery of deliveries) {
      if (this.options.sameClient && !this.closed) {
        delivery.dup = !delivery.received;
        continue;
      }
      ids.release(delivery.id);
      delivery.id = 0;
    }
    if (this.closed) return;
    this.queue.takeBack(deliveries);
    this.schedule();
  }

  /** At the end of this turn of the event loop, so that what came in it goes out in one write per client. */
  schedule(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    while (this.queue.length > 0) {
      const place = this.next();
      if (!place) break;
      place.send(this.queue.shift()!);
    }
    for (const { link } of this.places) link.flush();
  }

  private next(): Place | null {
    for (let tried = 0; tried < this.places.length; tried++) {
      this.turn = (this.turn + 1) % this.places.length;
      const place = this.places[this.turn]!;
      if (place.hasRoom()) return place;
    }
    return null;
  }
}

/** One client's place at a queue, with the window of what it may have unacknowledged from there. */
class Place implements Sender {
  private messages = 0;
  private bytes = 0;

  constructor(
    readonly link: ClientLink,
    private readonly qos: QoS,
    private readonly window: WindowLimits,
    private readonly queue: DeliveryQueue,
  ) {}

  hasRoom(): boolean {
    const { maxInflightMessages, maxInflightBytes } = this.window;
    return this.messages < maxInflightMessages && this.bytes < maxInflightBytes && this.link.ready();
  }

  send(next: Delivery | Message): void {
    const delivery: Delivery =
      'message' in next ? { ...next, qos: this.capped(next.qos) } : this.firstTime(next);
    if (delivery.qos > 0) this.count(1, delivery);
    this.link.send(delivery, this);
  }

  acknowledged(delivery: Delivery): void {
    this.count(-1, delivery);
    this.queue.schedule();
  }

  returned(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.count(-1, delivery);
    this.queue.takeBack(deliveries, this.link);
  }

  wake(): void {
    this.queue.schedule();
  }

  private firstTime(message: Message): Delivery {
    return { message, qos: this.capped(message.qos), id: 0, dup: false, received: false };
  }

  private capped(qos: QoS): QoS {
    return Math.min(qos, this.qos) as QoS;
  }

  private count(messages: 1 | -1, { message }: Delivery): void {
    this.messages += messages;
    this.bytes += messages * message.bytes;
    this.queue.count(messages);
  }
}

export type { Place };
