/** `vigia decode`: the shape of its answer, its exit code, and that it says which preset fits. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { runVigia } from '../helpers/vigia.ts';

async function decode(args: readonly string[], env: Record<string, string> = {}) {
  const { code, output } = await runVigia(['decode', '--json', ...args], {
    env: { RETENTION: '36500d', ...env },
  });
  return { code, answer: JSON.parse(output) };
}

it('shows the readings, what is ignored and what is wrong', async () => {
  const payload = '[{"value":21.5,"ts":1796019770348,"q":"good"},{"value":"warm"}]';
  const { code, answer } = await decode([
    '--topic',
    'sensors/a/temperature',
    '--payload',
    payload,
    '--at',
    '2026-11-30T07:00:00Z',
  ]);
  expect(code).toBe(0);
  expect(answer).toEqual({
    source: 'sensors/{sensor}/{metric}',
    format: 'json',
    readings: [{ sensor: 'a', metric: 'temperature', value: 21.5, ts: 1_796_019_770_348, unit: '°C' }],
    ignored: [{ path: '$[0].q', reason: 'text' }],
    problems: [
      { field: 'value', reason: 'bad-value', detail: "value must be a number, not the text 'warm'" },
    ],
    time: '$[0].ts',
  });
});

it('takes bytes in hexadecimal digits or from a file, and sources from the file of settings', async () => {
  const directory = temporaryDirectory();
  const config = join(directory, 'vigia.yaml');
  writeFileSync(
    config,
    'sources:\n  - topic: bin/{sensor}\n    rename: {temperature: t}\npresets: [tasmota]\n',
  );
  const hex = 'a26b74656d7065726174757265fb40358000000000006274731b000001a22b1ed3ec';
  const at = ['--at', '1796019771000', '--config', config];
  const { answer } = await decode(['--topic', 'bin/x', '--hex', hex, ...at]);
  expect(answer).toMatchObject({
    format: 'cbor',
    readings: [{ sensor: 'x', metric: 't', value: 21.5, ts: 1_796_019_770_348 }],
  });
  const file = join(directory, 'payload');
  writeFileSync(file, '{"Time":"2026-11-30T06:22:50","AM2301":{"Temperature":20.5},"TempUnit":"C"}');
  const { answer: tasmota } = await decode(['--topic', 'tele/plug/SENSOR', '--file', file, ...at]);
  expect(tasmota).toMatchObject({
    source: 'tasmota',
    readings: [{ sensor: 'plug', metric: 'AM2301.Temperature', unit: '°C' }],
  });
});

it('ends with 1 where there is no reading, and says which preset would read the message', async () => {
  const args = ['--topic', 'zigbee2mqtt/kitchen', '--payload', '{"temperature":21.5}'];
  const { code, answer } = await decode(args);
  expect(code).toBe(1);
  expect(answer).toMatchObject({
    source: null,
    readings: [],
    problems: [{ reason: 'bad-topic' }],
    presets: ['zigbee2mqtt'],
  });
  const fits = await decode(args, { MQTT_PRESETS: 'zigbee2mqtt' });
  expect([fits.code, fits.answer.readings]).toEqual([
    0,
    [{ sensor: 'kitchen', metric: 'temperature', value: 21.5, unit: '°C' }],
  ]);
  const old = await decode(['--topic', 'sensors/a/t', '--payload', '{"value":1,"ts":1}'], {
    RETENTION: '30d',
  });
  expect([old.code, old.answer.problems[0].reason]).toEqual([1, 'older-than-retention']);
  expect((await decode(['--topic', 'sensors/a/t', '--payload', 'nan'])).answer.problems).toEqual([]);
});

it('says the same in words, and names what is wrong with its options', async () => {
  const words = await runVigia(
    ['decode', '--topic', 'v1/devices/me/telemetry', '--payload', '{"ts":1796019770348,"values":{"t":1}}'],
    {
      env: { MQTT_PRESETS: 'thingsboard', RETENTION: '36500d', MAX_CLOCK_SKEW: '36500d' },
    },
  );
  expect(words.output).toContain('reading  <client id>/t = 1 at 2026-11-30T06:22:50.348Z');
  const bad = await runVigia(['decode', '--topic', 'a', '--hex', 'abc']);
  expect([bad.code, bad.output]).toEqual([
    1,
    expect.stringContaining('--hex: must be two hexadecimal digits'),
  ]);
  const none = await runVigia(['decode', '--topic', 'a']);
  expect(none.output).toContain('one of --payload, --file and --hex must be given');
  const mistake = await runVigia(['decode', '--topic', 'a', '--payload', '1'], {
    env: { MQTT_SOURCES: '- topic: x\n  each: y' },
  });
  expect(mistake.output).toContain('MQTT_SOURCES: line 2, each: must be a path such as $.object');
});
