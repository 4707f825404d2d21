/** Topics and payloads as devices publish them: the JSON reading of the README on `sensors/<sensor>/<metric>`. */
import { InvalidInput } from '../src/errors.ts';

/** @throws InvalidInput (field `sensor` or `metric`) for a name that cannot be one level of a topic */
export function readingTopic(sensor: string, metric: string): string {
  assertTopicLevel('sensor', sensor);
  assertTopicLevel('metric', metric);
  return `sensors/${sensor}/${metric}`;
}

/** @param ts ms UTC */
export function readingPayload(value: number, ts: number): string {
  return JSON.stringify({ value, ts });
}

function assertTopicLevel(field: string, name: string): void {
  if (name === '') throw new InvalidInput(field, `the ${field} name is empty`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: U+0000 is what MQTT forbids in a topic
  if (/[/+#\u0000]/.test(name))
    throw new InvalidInput(
      field,
      `the ${field} name ${JSON.stringify(name)} cannot be an MQTT topic level: / + # are reserved`,
    );
  if (Buffer.byteLength(name) > 1000)
    throw new InvalidInput(field, `the ${field} name is longer than 1,000 bytes`);
}
