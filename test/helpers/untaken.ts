/** Which messages a broker of MQTT 5 acknowledges without a subscriber to give them to. */
import type { MqttClient } from 'mqtt';

const NO_MATCHING_SUBSCRIBERS = 16;

/**
 * The callback of `publish` gets the message and not its acknowledgement, so this listens beside it.
 * @returns the message ids so far; whoever has dealt with one deletes it, because ids are used again
 */
export function untakenBy(client: MqttClient): Set<number> {
  const ids = new Set<number>();
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'puback' && packet.reasonCode === NO_MATCHING_SUBSCRIBERS) ids.add(packet.messageId!);
  });
  return ids;
}
