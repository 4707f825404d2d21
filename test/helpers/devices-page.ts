/** The part of docs/devices.md that is written from the cases: `npm run docs:devices` replaces it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRESETS } from '../../src/sources/presets/presets.ts';
import { DEVICE_CASES, type DeviceCase } from './device-cases.ts';

const PAGE = join(import.meta.dirname, '../../docs/devices.md');
const MARK =
  '<!-- What follows is written by `npm run docs:devices` from test/helpers/device-cases.ts. -->\n';

/** The page as it should be. */
export function devicesPage(): string {
  const [head] = readFileSync(PAGE, 'utf8').split(MARK);
  const presets = Object.entries(PRESETS).flatMap(([name, { title, note, sources }]) => [
    `## ${title}`,
    '',
    `\`MQTT_PRESETS=${name}\`${note ? `. ${note}` : ''}`,
    '',
    `Topics: ${sources
      .filter(({ ignore }) => !ignore)
      .map(({ topic }) => `\`${topic}\``)
      .join(', ')}`,
    '',
    ...DEVICE_CASES.filter(({ preset }) => preset === name).flatMap(shown),
  ]);
  const others = DEVICE_CASES.filter(({ preset }) => preset === undefined).flatMap(shown);
  return `${head}${MARK}\n${[...presets, '## Anything else', '', ...others].join('\n').trimEnd()}\n`;
}

function shown({ title, sources, topic, payload, shown: words, readings, clientId }: DeviceCase): string[] {
  const text = words ?? String(payload);
  return [
    `${title}:`,
    '',
    ...(sources === undefined
      ? []
      : ['```yaml', 'sources:', ...sources.split('\n').map((line) => `  ${line}`), '```', '']),
    '```',
    `${topic}${clientId === undefined ? '' : `   (published by ${clientId})`}`,
    text,
    '```',
    '',
    ...(readings.length === 0
      ? ['It says nothing: no reading, and no dead letter.']
      : ['| sensor | metric | value | unit | time |', '|---|---|---|---|---|', ...readings.map(row)]),
    '',
  ];
}

function row(reading: string): string {
  const cells = [...reading.split(' | ').map((cell) => cell.trim()), '', ''].slice(0, 5);
  if (cells[4] === '') cells[4] = 'of arrival';
  return `| ${cells.join(' | ')} |`;
}

export function writeDevicesPage(): void {
  writeFileSync(PAGE, devicesPage());
}
