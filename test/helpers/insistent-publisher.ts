/**
 * Publishes with QoS 1 over MQTT 5 and counts only what the broker has a subscriber for: a PUBACK that says `no matching
 * subscribers` is an acknowledgement of nothing, so the message is published again, as after a lost connection.
 *
 * Needed where Mosquitto 2.0 restarts: with `persistence true` it brings sessions and plain subscriptions back, but not
 * shared ones, and until the first replica has subscribed again it acknowledges readings that go nowhere.
 */
import mqtt, { type MqttClient } from 'mqtt';
import { untakenBy } from './untaken.ts';

const AGAIN_MS = 50;

interface Message {
  readonly topic: string;
  readonly payload: string;
}

export class InsistentPublisher {
  acknowledged = 0;
  /** Message ids of this connection that were acknowledged without a subscriber. */
  private untaken = new Set<number>();
  private readonly pending = new Set<Message>();
  private client: MqttClient | null = null;
  private closed = false;
  private waiters: (() => void)[] = [];

  constructor(
    private readonly url: string,
    private readonly window: number,
  ) {}

  /** Connects, and connects again for ever. */
  start(): void {
    if (this.closed) return;
    const options = { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: 5000 } as const;
    const client = mqtt.connect(this.url, options);
    this.client = client;
    client.on('error', () => {});
    this.untaken = untakenBy(client);
    client.on('connect', () => {
      for (const message of this.pending) this.send(client, message);
    });
    client.on('close', () => {
      client.end(true);
      if (this.client === client) setTimeout(() => this.start(), AGAIN_MS);
    });
  }

  /** @returns what to wait for when the window is full */
  publish(topic: string, payload: string): Promise<void> | undefined {
    const message = { topic, payload };
    this.pending.add(message);
    if (this.client?.connected) this.send(this.client, message);
    return this.pending.size < this.window ? undefined : this.until(() => this.pending.size < this.window);
  }

  /** Resolves when everything is acknowledged. */
  drain(): Promise<void> {
    return this.until(() => this.pending.size === 0);
  }

  async close(): Promise<void> {
    this.closed = true;
    const { client } = this;
    this.client = null;
    await client?.endAsync(true);
  }

  private send(client: MqttClient, message: Message): void {
    client.publish(message.topic, message.payload, { qos: 1 }, (error, packet) => {
      // An error means that the connection is going: the message is sent on the next one.
      if (error || client !== this.client) return;
      if (this.untaken.delete(packet?.messageId ?? 0)) {
        setTimeout(() => {
          if (client === this.client && client.connected) this.send(client, message);
        }, AGAIN_MS);
        return;
      }
      if (this.pending.delete(message)) this.acknowledged++;
      for (const wake of this.waiters.splice(0)) wake();
    });
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!this.closed && !condition()) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }
}
