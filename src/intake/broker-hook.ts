/**
 * Intake of the built-in broker: each publish is handed to the pipeline before the broker acknowledges it, so the
 * sensor's PUBACK means stored. Topics that are no readings pass at once; a bad payload is dead-lettered and passes,
 * because a denial would disconnect the device.
 */
import type { TopicTemplate } from '../codecs/topic.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';

/** @returns what the broker awaits before it acknowledges and forwards a publish */
export function brokerHook(
  pipeline: Pick<Pipeline, 'deliver'>,
  templates: readonly TopicTemplate[],
): (topic: string, payload: Uint8Array) => Promise<void> {
  return (topic, bytes) =>
    templates.some((template) => template.match(topic) !== null)
      ? new Promise((ack) => {
          pipeline.deliver({ topic, bytes, ack });
        })
      : Promise.resolve();
}
