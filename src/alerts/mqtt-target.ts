/** Alert changes as MQTT messages on `alerts/<sensor>/<metric>`, QoS 1. */
import { seriesKey } from '../domain/series.ts';
import { VigiaError } from '../errors.ts';
import type { Notification } from './notification.ts';
import type { Attempt, Target } from './target.ts';

export interface AlertPublisher {
  /** Resolves when the broker has taken it. @throws VigiaError `publish_refused` where trying again will hardly help */
  publish(topic: string, payload: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export class MqttTarget implements Target {
  readonly name = 'mqtt';

  constructor(private readonly publisher: AlertPublisher) {}

  async send(notification: Notification, signal: AbortSignal): Promise<Attempt> {
    try {
      await this.publisher.publish(alertTopic(notification), JSON.stringify(notification), signal);
      return { result: 'delivered' };
    } catch (error) {
      const { message } = error as Error;
      const refused =
        error instanceof VigiaError && (error.code === 'publish_refused' || error.code === 'invalid_input');
      return { result: refused ? 'refused' : 'failed', reason: message };
    }
  }

  close(): Promise<void> {
    return this.publisher.close();
  }
}

/** Names are encoded as in keys and alert ids, so that each is one legal level whatever it holds. */
export function alertTopic(notification: Pick<Notification, 'sensor' | 'metric'>): string {
  return `alerts/${seriesKey(notification)}`;
}
