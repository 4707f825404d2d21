/** Every ecosystem: its messages become what docs/devices.md says, and discovery of a preset finds the right one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../src/sources/decoder.ts';
import { PresetFinder } from '../../src/sources/preset-finder.ts';
import { PRESETS } from '../../src/sources/presets/presets.ts';
import { compileSources, readPresets, readSources } from '../../src/sources/read-sources.ts';
import { DEVICE_CASES, type DeviceCase } from '../helpers/device-cases.ts';
import { devicesPage, writeDevicesPage } from '../helpers/devices-page.ts';

const LIMITS = { maxReadings: 1000, maxNameBytes: 200 };
const finder = new PresetFinder(LIMITS);
const AT = Date.UTC(2026, 10, 30, 6, 22, 51);

function readingsOf({ preset, sources, topic, payload, clientId }: DeviceCase): string[] {
  const { specs, problems } = preset === undefined ? readSources(sources!) : readPresets(preset);
  expect(problems).toEqual([]);
  const decoder = new Decoder(compileSources(specs), LIMITS);
  return decoder.decode(topic, Buffer.from(payload), { clientId, receivedAt: AT }).map((each) => {
    if ('problem' in each) return `!${each.problem.reason}: ${each.problem.detail}`;
    const { sensor, metric, value, ts } = each.reading;
    const time = ts === undefined ? '' : new Date(ts).toISOString();
    return [sensor, metric, value, each.unit ?? '', time].join(' | ').replace(/( \| )+$/, '');
  });
}

it.each(DEVICE_CASES)('$preset $title ($topic) becomes what the page says', (each) => {
  expect(readingsOf(each)).toEqual(each.readings);
});

it.each(DEVICE_CASES.filter(({ preset, readings }) => preset !== undefined && readings.length > 0))(
  '$preset $title ($topic) is recognised',
  ({ topic, payload, preset }) => {
    expect(finder.fitting(topic, Buffer.from(payload))[0]).toBe(preset);
  },
);

it('every preset has a case', () => {
  const covered = new Set(DEVICE_CASES.map(({ preset }) => preset));
  expect(Object.keys(PRESETS).filter((name) => !covered.has(name))).toEqual([]);
});

it('docs/devices.md is what `npm run docs:devices` writes', () => {
  if (process.env.WRITE_DOCS) writeDevicesPage();
  expect(readFileSync(join(import.meta.dirname, '../../docs/devices.md'), 'utf8')).toBe(devicesPage());
});

/** Messages as they were seen elsewhere, where this checkout has them beside it. */
const SHARED = join(import.meta.dirname, '../../../shared/payloads/cases.json');
/** The source that each needs where no preset fits: three lines at most. */
const SOURCES: Readonly<Record<string, string>> = {
  'z2m-str': '- topic: zigbee/{sensor}\n  preset: zigbee2mqtt',
  'one-level': '- topic: "{sensor}"\n  metric: temperature',
  'senml-m': '- topic: sensors/senml/{metric}\n  format: senml',
  cbor: '- topic: bin/{sensor}',
  gzip: '- topic: bin/{sensor}',
  float32: '- topic: bin/{sensor}/{metric}\n  format: float32',
  csv: '- topic: csv/{sensor}/+\n  columns: [temperature, humidity]',
  comma: '- topic: csv/{sensor}/{metric}\n  decimal_comma: true',
};
/** Those that carry no number. */
const SILENT = new Set([
  'z2m-switch',
  'z2m-avail',
  'esphome-nan',
  'ha-config',
  'victron-null',
  'victron-empty',
  'rtl433-mic',
]);

describe.skipIf(!existsSync(SHARED))('messages seen elsewhere (needs ../shared/payloads/cases.json)', () => {
  const cases: { id: string; topic: string; payload_hex: string; template: string }[] = existsSync(SHARED)
    ? JSON.parse(readFileSync(SHARED, 'utf8'))
    : [];

  it.each(cases)('$id', ({ id, topic, payload_hex: hex, template }) => {
    const payload = Buffer.from(hex, 'hex');
    const [preset] = finder.fitting(topic, payload);
    const sources = SOURCES[id] ?? `- topic: "${template}"`;
    const own = preset === undefined || id in SOURCES ? { sources } : { preset };
    const readings = readingsOf({ title: id, topic, payload, readings: [], clientId: 'c', ...own });
    expect(readings.filter((reading) => !reading.startsWith('!')).length > 0).toBe(!SILENT.has(id));
    if (!SILENT.has(id)) expect(readings.filter((reading) => reading.startsWith('!'))).toEqual([]);
  });
});
