/**
 * The discovery topics of Home Assistant, `homeassistant/<component>/[<node>/]<object>/config`: what they say of names, units and
 * topics. Keys may be abbreviated, and `~` stands for a base topic.
 */
import { parseJson } from '../codecs/json.ts';

export interface AnnouncedEntity {
  readonly component: string;
  /** The name of the entity, with that of its device where it has one. */
  readonly name: string;
  readonly stateTopic: string;
  /** The field of the payload that has the value; null where the payload is the value. */
  readonly field: string | null;
  readonly unit: string | null;
}

const CONFIG = /^[^/]+\/([^/]+)\/(?:[^/]+\/)?([^/]+)\/config$/;

export function isDiscoveryTopic(topic: string): boolean {
  return topic.startsWith('homeassistant/') && CONFIG.test(topic);
}

/** @returns null for a message that announces nothing with a state */
export function readAnnouncement(topic: string, bytes: Uint8Array): AnnouncedEntity | null {
  const [, component, object] = CONFIG.exec(topic) ?? [];
  if (component === undefined) return null;
  let config: Record<string, unknown>;
  try {
    const json = parseJson(Buffer.from(bytes).toString('utf8'));
    if (typeof json !== 'object' || json === null) return null;
    config = json as Record<string, unknown>;
  } catch {
    return null;
  }
  const text = (...keys: string[]) => {
    const found = keys.map((key) => config[key]).find((value) => typeof value === 'string' && value !== '');
    return found === undefined ? null : String(found);
  };
  const stateTopic = text('state_topic', 'stat_t')?.replace(/^~|~$/, text('~') ?? '');
  if (stateTopic === undefined) return null;
  const device = (config.device ?? config.dev) as { name?: unknown } | undefined;
  const deviceName = typeof device?.name === 'string' ? `${device.name} ` : '';
  const template = text('value_template', 'val_tpl') ?? '';
  const [, dotted, quoted] = /value_json(?:\.([\w.]+)|\[['"]([^'"]+)['"]\])/.exec(template) ?? [];
  return {
    component,
    name: `${deviceName}${text('name') ?? object}`,
    stateTopic,
    field: dotted ?? quoted ?? null,
    unit: text('unit_of_measurement', 'unit_of_meas'),
  };
}
