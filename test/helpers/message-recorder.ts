/** Records what devices publish, seen from the broker's publish hook. */
import type { PublishHook } from '../../broker/publish-hook.ts';

export interface MessageRecorder {
  /** Payload texts by topic, in the order of arrival. */
  readonly byTopic: Map<string, string[]>;
  readonly count: () => number;
  readonly onPublish: PublishHook;
}

export function messageRecorder(): MessageRecorder {
  const byTopic = new Map<string, string[]>();
  let count = 0;
  return {
    byTopic,
    count: () => count,
    onPublish: async (topic, payload) => {
      count++;
      const payloads = byTopic.get(topic);
      if (payloads === undefined) byTopic.set(topic, [payload.toString()]);
      else payloads.push(payload.toString());
    },
  };
}
