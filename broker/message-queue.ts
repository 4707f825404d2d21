/** Messages that wait for a subscriber: first in, first out; what is beyond the limits is dropped from the front. */
import type { Delivery, Message } from './message.ts';
import type { BoundedQueue, QueueMemory } from './queue-memory.ts';

export class MessageQueue implements BoundedQueue {
  private waiting: (Message | undefined)[] = [];
  private head = 0;
  /** Given to a subscriber that went without acknowledging them; older than all that wait. */
  private returned: Delivery[] = [];
  private size = 0;

  /** @param onDropped called for what is dropped or cleared and had been given to a subscriber before */
  constructor(
    readonly name: string,
    private readonly memory: QueueMemory,
    private readonly onDropped: (delivery: Delivery) => void,
    readonly owner: string | null = null,
  ) {
    memory.add(this);
  }

  get length(): number {
    return this.returned.length + this.waiting.length - this.head;
  }

  get bytes(): number {
    return this.size;
  }

  push(message: Message): void {
    this.waiting.push(message);
    this.resize(message.bytes);
    while (this.length > this.memory.limits.maxQueuedMessages) this.dropOldest();
  }

  /** Puts back what a subscriber has not acknowledged, in the order in which it came. */
  takeBack(deliveries: readonly Delivery[]): void {
    if (deliveries.length === 0) return;
    // Newest first, so that the next one can be popped.
    this.returned = [...this.returned, ...deliveries].sort((a, b) => b.message.order - a.message.order);
    this.resize(deliveries.reduce((sum, { message }) => sum + message.bytes, 0));
  }

  /** The oldest: one that was given before, or a message that never was. */
  shift(): Delivery | Message | undefined {
    const returned = this.returned.pop();
    if (returned) {
      this.resize(-returned.message.bytes);
      return returned;
    }
    const message = this.waiting[this.head];
    if (!message) return undefined;
    this.waiting[this.head++] = undefined;
    if (this.head === this.waiting.length) {
      this.waiting = [];
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
    this.resize(-message.bytes);
    return message;
  }

  dropOldest(): boolean {
    const oldest = this.shift();
    if (!oldest) return false;
    if ('message' in oldest) this.onDropped(oldest);
    this.memory.countDrop(this);
    return true;
  }

  /** Empties it for good. */
  close(): void {
    for (const delivery of this.returned) this.onDropped(delivery);
    this.returned = [];
    this.waiting = [];
    this.head = 0;
    this.resize(-this.size);
    this.memory.remove(this);
  }

  private resize(bytes: number): void {
    this.size += bytes;
    this.memory.resize(this, bytes);
  }
}
