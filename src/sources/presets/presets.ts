/** The table of presets, by the name that MQTT_PRESETS and the key `preset` use. */
import { NETWORKS } from './networks.ts';
import type { Preset } from './preset.ts';
import { SMART_HOME } from './smart-home.ts';

export const PRESETS: Readonly<Record<string, Preset>> = { ...SMART_HOME, ...NETWORKS };
