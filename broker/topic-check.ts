/**
 * Topics on which clients may publish. What is refused here closes the connection, as Aedes does with anything it refuses;
 * MQTT 3.1.1 has no gentler answer.
 */

export interface TopicLimits {
  /** UTF-8 bytes. */
  readonly maxTopicBytes: number;
  readonly maxTopicLevels: number;
}

/** Why nobody may publish on `topic`, or null if one may. */
export function topicProblem(topic: string, { maxTopicBytes, maxTopicLevels }: TopicLimits): string | null {
  if (topic === '') return 'empty topic';
  // Names beginning with $ belong to the broker ($SYS, $share): a client must not speak in its name.
  if (topic.startsWith('$')) return 'topics beginning with $ are reserved';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: U+0000 is what MQTT forbids in a topic
  if (/[+#\u0000]/.test(topic)) return 'topic contains +, # or U+0000';
  if (Buffer.byteLength(topic) > maxTopicBytes) return `topic longer than ${maxTopicBytes} bytes`;
  if (levels(topic) > maxTopicLevels) return `topic has more than ${maxTopicLevels} levels`;
  return null;
}

function levels(topic: string): number {
  let count = 1;
  for (let at = topic.indexOf('/'); at >= 0; at = topic.indexOf('/', at + 1)) count++;
  return count;
}
