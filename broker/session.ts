/** What the broker keeps of a client that connects without `clean`: its subscriptions and the messages it has not got. */
import type { ClientLink } from './client-link.ts';
import { DeliveryQueue, type Place } from './delivery-queue.ts';
import type { WindowLimits } from './limits.ts';
import type { Message, QoS } from './message.ts';
import { PacketIds } from './packet-ids.ts';
import type { QueueMemory } from './queue-memory.ts';
import { isShared, matchesFilter } from './topic-filter.ts';

export class Session {
  /** Filter -> QoS, shared ones too. */
  readonly filters = new Map<string, QoS>();
  readonly ids = new PacketIds();
  readonly queue: DeliveryQueue;
  private place: Place | null = null;

  constructor(clientId: string, memory: QueueMemory, window: WindowLimits) {
    const options = { name: `session ${clientId}`, memory, window, sameClient: true };
    this.queue = new DeliveryQueue(options, ({ id }) => this.ids.release(id));
  }

  /** Whether messages of QoS 1 and 2 on this topic come from the queue; the others Aedes sends. */
  queues(topic: string): boolean {
    let unqueued = false;
    for (const [filter, qos] of this.filters) if (qos === 0 && !isShared(filter)) unqueued = true;
    if (!unqueued) return true;
    for (const [filter, qos] of this.filters)
      if (qos > 0 && !isShared(filter) && matchesFilter(filter, topic)) return true;
    return false;
  }

  push(message: Message, qos: QoS): void {
    this.queue.push(qos < message.qos ? { ...message, qos } : message);
  }

  attach(link: ClientLink): void {
    if (this.place?.link === link) return;
    if (this.place) this.queue.leave(this.place);
    this.place = this.queue.open(link, 2);
  }

  /** False if another connection has taken the session over. */
  detach(link: ClientLink | null): boolean {
    if (this.place && this.place.link !== link) return false;
    if (this.place) this.queue.leave(this.place);
    this.place = null;
    return true;
  }
}
