/** What the broker keeps of a client that connects without `clean`: its subscriptions and the messages it has not got. */
import type { ClientLink } from './client-link.ts';
import { DeliveryQueue, type Place } from './delivery-queue.ts';
import type { FilterSet } from './filter-set.ts';
import type { WindowLimits } from './limits.ts';
import type { Message, QoS } from './message.ts';
import { PacketIds } from './packet-ids.ts';
import type { QueueMemory } from './queue-memory.ts';
import { ReceivedMessages } from './received-messages.ts';

export class Session {
  readonly ids = new PacketIds();
  readonly received = new ReceivedMessages();
  readonly queue: DeliveryQueue;
  private place: Place | null = null;

  /**
   * @param name the client id, for the log
   * @param owner user, or address where clients have no user names
   * @param filters what it is subscribed to, shared ones too
   */
  constructor(
    readonly name: string,
    readonly owner: string,
    readonly filters: FilterSet,
    memory: QueueMemory,
    window: WindowLimits,
  ) {
    const options = { name: `session ${name}`, memory, window, owner, sameClient: true };
    this.queue = new DeliveryQueue(options, ({ id }) => this.ids.release(id));
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
