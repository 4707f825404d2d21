import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { changedSettings, takeOver } from '../../src/settings/changes.ts';
import { readConfig } from '../../src/settings/config.ts';
import { settingsPage } from '../../src/settings/docs-page.ts';
import { configSchema } from '../../src/settings/json-schema.ts';
import { SECTIONS, SETTINGS } from '../../src/settings/sections.ts';
import type { Section } from '../../src/settings/setting.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

function file(text: string): string {
  const path = join(temporaryDirectory(), 'vigia.yaml');
  writeFileSync(path, text);
  return path;
}

const GOOD = `
port: 4100
log_level: debug
mqtt_topics: ['a/{sensor}/{metric}', 'b/{sensor}']
units: {temperature: °C, humidity: '%'}
alert_rules:
  - {sensor: 'freezer-*', max: -10}
`;

it('options go before the environment, that before the file; lists, units and rules may be written as such', () => {
  const config = readConfig({ MQTT_PORT: '1' }, { LOG_LEVEL: 'warn' }, file(`${GOOD}mqtt_port: 2\n`));
  expect(config).toMatchObject({
    http: { port: 4100 },
    broker: { port: 1 },
    process: { logLevel: 'warn' },
    mqtt: { topics: ['a/{sensor}/{metric}', 'b/{sensor}'] },
    readings: { units: { temperature: '°C', humidity: '%' } },
  });
  expect(config.alerts.rules).toMatchObject([{ sensor: 'freezer-*', max: -10 }]);
  const secret = file('secret\n');
  expect(readConfig({}, { VIGIA_CONFIG: file(`http_token_file: ${secret}\n`) }).http.token).toBe('secret');
});

it('unknown keys and bad values are named with their line, secrets not shown', () => {
  const text = 'prot: 1\nport: high\nunits: [a]\nhttp_token: ""\nredis_url: http://geheim\n';
  const error = (() => {
    try {
      readConfig({}, {}, file(text));
    } catch (reason) {
      return (reason as Error).message;
    }
    return '';
  })();
  expect(error).toMatch(/line 1: 'prot' is no setting: do you mean port\?/);
  expect(error).toMatch(/line 2, port: must be a whole number/);
  expect(error).toMatch(/line 3, units: must be a map/);
  expect(error).toMatch(/line 5, redis_url: /);
  expect(error).not.toContain('geheim');
  expect(() => readConfig({}, {}, file('a: [\n'))).toThrow(/is not YAML/);
  expect(() => readConfig({}, {}, '/nowhere/vigia.yaml')).toThrow(/VIGIA_CONFIG: cannot read/);
});

it('the JSON Schema takes what is right and no unknown key', () => {
  const validate = new Ajv2020({ strict: false }).compile(configSchema());
  expect(validate(parse(GOOD))).toBe(true);
  expect(validate({ prot: 1 })).toBe(false);
  expect(validate({ log_level: 'loud' })).toBe(false);
});

it('the JSON Schema refuses what a start would refuse for its type, and takes what a start takes', () => {
  const validate = new Ajv2020({ strict: false }).compile(configSchema());
  const both = (line: string) => {
    const starts = (() => {
      try {
        readConfig({}, {}, file(line));
        return true;
      } catch {
        return false;
      }
    })();
    return [validate(parse(line)), starts];
  };
  for (const line of [
    'port: 4100',
    "port: '4100'",
    'retention: 90d',
    'http_deadline: 250',
    'max_payload: 1MB',
    'hand_over: false',
    'missing_factor: 2.5',
    'mqtt_username: 007',
  ])
    expect([line, ...both(line)]).toEqual([line, true, true]);
  for (const line of [
    'port: 70000',
    'port: 1.5',
    'port: true',
    'retention: soon',
    'max_payload: 3 elephants',
    'hand_over: maybe',
    'missing_factor: yes',
    'http_token: [a]',
  ])
    expect([line, ...both(line)]).toEqual([line, false, false]);
});

it('every setting has a name of its own', () => {
  const names = Object.values<Section>(SECTIONS).flatMap(({ settings }) =>
    Object.values(settings).map(({ name }) => name),
  );
  expect(names).toEqual(Object.keys(SETTINGS));
});

it('what a running process takes over are the named values alone, also those that are no longer given', () => {
  const before = readConfig({}, { HTTP_TOKEN: 'old', PORT: '1', LOG_LEVEL: 'warn' });
  const after = readConfig({}, { HTTP_RATE_LIMIT: '5', PORT: '2', LOG_LEVEL: 'debug' });
  const { reload, restart } = changedSettings(before, after);
  expect(reload.toSorted()).toEqual(['HTTP_RATE_LIMIT', 'HTTP_TOKEN', 'LOG_LEVEL']);
  expect(restart).toEqual(['PORT']);
  expect(takeOver(before, after, reload)).toEqual({
    ...readConfig({}, { PORT: '1', HTTP_RATE_LIMIT: '5', LOG_LEVEL: 'debug' }),
    clientId: before.clientId,
  });
});

it('HTTP_TOKEN is what a header can carry', () => {
  expect(readConfig({}, { HTTP_TOKEN: 'a~!"=/+1' }).http.token).toBe('a~!"=/+1');
  for (const token of ['two words', 'geheím', 'a\tb', ' '])
    expect(() => readConfig({}, { HTTP_TOKEN: token })).toThrow(
      /HTTP_TOKEN: must be visible ASCII characters, without spaces$/,
    );
});

it('a number is taken as it is written', () => {
  expect(readConfig({}, {}, file('mqtt_username: 007\nmqtt_password: 1e3\n'))).toMatchObject({
    mqtt: { username: '007', password: '1e3' },
  });
});

it('docs/settings.md is what `npm run docs:settings` writes', () => {
  const written = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  expect(written).toBe(settingsPage());
});

it('docs/config.schema.json is what `vigia config schema` prints', () => {
  const written = readFileSync(new URL('../../docs/config.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(written)).toEqual(configSchema());
});

it('keeps rollups at least as long as the readings that they are made of', () => {
  const days = (given: Record<string, string>) => {
    const { minutesRetention, hoursRetention } = readConfig({}, given).store;
    return [minutesRetention / 86_400_000, hoursRetention / 86_400_000];
  };
  expect(days({})).toEqual([365, 3650]);
  expect(days({ RETENTION_1M: '7d', RETENTION_1H: '60d' })).toEqual([30, 60]);
  expect(days({ RETENTION: '500d' })).toEqual([500, 3650]);
});
