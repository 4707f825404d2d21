/**
 * Publishes with QoS 1 as most sensors do: MQTT.js with its defaults, which tries again a second after a lost connection, keeps
 * what is published meanwhile, and takes any PUBACK for done. It speaks MQTT 5, in which a broker says of a message that
 * it had no subscriber for it, only to let a test see how many those are.
 */
import mqtt, { type MqttClient } from 'mqtt';
import { untakenBy } from './untaken.ts';

export class OrdinaryPublisher {
  acknowledged = 0;
  /** Messages that the broker has acknowledged without having anybody to give them to. */
  readonly untaken: { readonly topic: string; readonly payload: string }[] = [];
  private untakenIds = new Set<number>();
  private pending = 0;
  private client: MqttClient | null = null;
  private closed = false;
  private waiters: (() => void)[] = [];

  constructor(
    private readonly url: string,
    private readonly window: number,
  ) {}

  start(): void {
    this.client = mqtt.connect(this.url, { protocolVersion: 5 });
    this.client.on('error', () => {});
    this.untakenIds = untakenBy(this.client);
  }

  /** @returns what to wait for when the window is full */
  publish(topic: string, payload: string): Promise<void> | undefined {
    this.pending++;
    this.send(topic, payload);
    return this.pending < this.window ? undefined : this.until(() => this.pending < this.window);
  }

  /** Resolves when everything is acknowledged. */
  drain(): Promise<void> {
    return this.until(() => this.pending === 0);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.client?.endAsync(true);
  }

  private send(topic: string, payload: string): void {
    this.client!.publish(topic, payload, { qos: 1 }, (error, packet) => {
      if (this.closed) return;
      // MQTT.js fails what it is given while it sends again what was on its way.
      if (error) {
        setImmediate(() => this.send(topic, payload));
        return;
      }
      this.acknowledged++;
      this.pending--;
      if (this.untakenIds.delete(packet?.messageId ?? 0)) this.untaken.push({ topic, payload });
      for (const wake of this.waiters.splice(0)) wake();
    });
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!this.closed && !condition()) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }
}
