import { describe, expect, it } from 'vitest';
import { accessFindings } from '../../src/commands/access-findings.ts';
import { readConfig } from '../../src/settings/config.ts';

const found = (env: Record<string, string>) =>
  accessFindings(readConfig({}, env)).map(({ status, detail }) => `${status} ${detail.split(':')[0]}`);

describe('what doctor says of access', () => {
  it('is nothing where only this machine gets in', () => {
    expect(found({})).toEqual(['ok HOST 127.0.0.1']);
  });

  it('names what a start would refuse, and what is open although it is meant', () => {
    expect(found({ HOST: '0.0.0.0' })).toContain('fail HOST');
    expect(found({ HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'yes' })).toContain('warn ALLOW_ANONYMOUS');
    const open = found({ HOST: '0.0.0.0', HTTP_TOKEN: 'x', MQTT_USERS: 'a', HTTP_LEGACY_ACCESS: 'open' });
    expect(open).toEqual([
      'ok HOST 0.0.0.0',
      'warn HTTP_LEGACY_ACCESS',
      'warn HTTP_RATE_LIMIT',
      'warn MQTT_PORT, MQTT_WS_PORT',
      'warn MQTT_ACL',
    ]);
  });

  it('has nothing to say where all of the check list is done', () => {
    const closed = {
      HOST: '0.0.0.0',
      HTTP_TOKEN: 'x',
      HTTP_RATE_LIMIT: '6000',
      MQTT_USERS: 'a',
      MQTT_ACL: 'user a',
      MQTT_PORT: 'off',
      MQTT_TLS_PORT: '8883',
      MQTT_TLS_CERT: 'c',
      MQTT_TLS_KEY: 'k',
    };
    expect(found(closed)).toEqual(['ok HOST 0.0.0.0']);
  });
});
