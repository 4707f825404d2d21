/**
 * Intake of the built-in broker. The broker acknowledges a publish only after it is stored, so the sensor's PUBACK means
 * stored. Publishes on other topics than MQTT_TOPICS pass at once. A bad payload becomes a dead letter and passes too, because
 * a denial would disconnect the device.
 */
import type { TopicTemplate } from '../codecs/topic.ts';
import type { MessageIntake } from './message-intake.ts';

/** @returns what the broker awaits before it acknowledges and forwards a publish */
export function brokerHook(
  intake: Pick<MessageIntake, 'receive'>,
  templates: readonly TopicTemplate[],
): (topic: string, payload: Uint8Array) => Promise<void> {
  return (topic, bytes) =>
    templates.some((template) => template.match(topic) !== null)
      ? new Promise((ack) => {
          intake.receive({ topic, bytes, ack });
        })
      : Promise.resolve();
}
