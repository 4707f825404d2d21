/** The decoder that the settings describe: for the intake, and for the commands that explain a message. */

import type { AliasNames } from '../codecs/sparkplug.ts';
import type { Config } from '../settings/config.ts';
import { Decoder } from '../sources/decoder.ts';
import { compileSources, topicSources } from '../sources/read-sources.ts';

/** MQTT_SOURCES are asked first, then MQTT_PRESETS, then MQTT_TOPICS. */
export function createDecoder({ mqtt, readings }: Config, aliases?: AliasNames): Decoder {
  const specs = [...(mqtt.sources ?? []), ...(mqtt.presets ?? []), ...topicSources(mqtt.topics)];
  return new Decoder(compileSources(specs, mqtt.timeZone), readings, aliases);
}
