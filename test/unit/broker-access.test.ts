/** Password files and access lists: the formats of Mosquitto, read by us; `mosquitto_passwd` writes some of them. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AccessList } from '../../broker/access-list.ts';
import { PasswordFile, passwordLine } from '../../broker/password-file.ts';
import { coversFilter, overlapsFilter } from '../../broker/topic-filter.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { findProgram } from '../helpers/program.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';

const MOSQUITTO_PASSWD = findProgram('mosquitto_passwd');
const bytes = (text: string) => Buffer.from(text, 'utf8');

describe('password files', () => {
  it('that we write are read again, and by no other password', async () => {
    const lines = [await passwordLine('boiler', 'pä:ss$w'), await passwordLine('pump 2', '')];
    const file = new PasswordFile(`# users\n\n${lines.join('\r\n')}\n`, 'MQTT_USERS');
    expect(await file.matches('boiler', bytes('pä:ss$w'))).toBe(true);
    expect(await file.matches('pump 2', bytes(''))).toBe(true);
    for (const [user, password] of [
      ['boiler', 'pä:ss$'],
      ['boiler', ''],
      ['pump 2', 'pä:ss$w'],
      ['Boiler', 'pä:ss$w'],
      ['nobody', ''],
    ] as const) {
      expect(await file.matches(user, bytes(password))).toBe(false);
    }
    expect(lines[0]).not.toBe(await passwordLine('boiler', 'pä:ss$w'));
    await expect(passwordLine('a:b', 'x')).rejects.toThrow(ConfigurationError);
  });

  it.skipIf(!MOSQUITTO_PASSWD)('of mosquitto_passwd are read (needs mosquitto_passwd)', async () => {
    const path = join(temporaryDirectory(), 'passwd');
    execFileSync(MOSQUITTO_PASSWD!, ['-b', '-c', path, 'alice', 'se:cret']);
    execFileSync(MOSQUITTO_PASSWD!, ['-b', path, 'bob', 'other']);
    const file = new PasswordFile(readFileSync(path, 'utf8'), 'MQTT_USERS');
    expect(await file.matches('alice', bytes('se:cret'))).toBe(true);
    expect(await file.matches('bob', bytes('other'))).toBe(true);
    expect(await file.matches('alice', bytes('other'))).toBe(false);
  });

  it('of Mosquitto 1 are read: SHA-512 over password and salt', async () => {
    const salt = Buffer.from('0123456789ab');
    const hash = createHash('sha512').update('secret').update(salt).digest('base64');
    const file = new PasswordFile(`old:$6$${salt.toString('base64')}$${hash}`, 'MQTT_USERS');
    expect(await file.matches('old', bytes('secret'))).toBe(true);
    expect(await file.matches('old', bytes('Secret'))).toBe(false);
  });

  it('name every line at fault, and no password', () => {
    const hash = Buffer.alloc(64).toString('base64');
    const text = [
      'plain:hunter2',
      'no colon',
      ':$7$1$AA==$x',
      `a:$7$101$AA==$${hash}`,
      `a:$7$101$AA==$${hash}`,
      `b:$7$0$AA==$${hash}`,
      'c:$7$101$AA==$AA==',
      'd:$argon2id$v=19$x$y',
    ].join('\n');
    const error = (() => {
      try {
        new PasswordFile(text, 'MQTT_USERS');
      } catch (reason) {
        return reason as ConfigurationError;
      }
      return null;
    })();
    expect(error?.field).toBe('MQTT_USERS');
    for (const line of [1, 2, 3, 5, 6, 7, 8]) expect(error?.message).toContain(`line ${line} `);
    expect(error?.message).not.toContain('line 4 ');
    expect(error?.message).not.toContain('hunter2');
  });
});

describe('access lists', () => {
  const list = new AccessList(
    [
      '# what everybody without a name may read',
      'topic read news/#',
      'user boiler',
      'topic write sensors/boiler/+',
      'topic read alerts/#',
      'topic read $share/g/#',
      'topic deny alerts/secret/#',
      'user two words',
      'topic a topic/with spaces',
      'pattern readwrite own/%u/%c/#',
    ].join('\r\n'),
    'MQTT_ACL',
  );
  const boiler = { user: 'boiler', clientId: 'c1' };
  const nobody = { user: null, clientId: 'c1' };

  it('forbid what they do not allow', () => {
    expect(list.mayPublish(boiler, 'sensors/boiler/temperature')).toBe(true);
    expect(list.mayPublish(boiler, 'sensors/pump/temperature')).toBe(false);
    expect(list.mayPublish(boiler, 'sensors/boiler/a/b')).toBe(false);
    expect(list.mayPublish(boiler, 'alerts/x')).toBe(false);
    expect(list.maySubscribe(boiler, 'sensors/boiler/temperature')).toBe(false);
    expect(list.maySubscribe(boiler, 'news/today')).toBe(false);
    expect(list.maySubscribe(nobody, 'news/today')).toBe(true);
    expect(list.mayPublish(nobody, 'news/today')).toBe(false);
    expect(list.mayPublish({ user: 'stranger', clientId: 'c1' }, 'sensors/boiler/t')).toBe(false);
    expect(list.mayPublish({ user: 'two words', clientId: 'c' }, 'a topic/with spaces')).toBe(true);
    expect(list.maySubscribe({ user: 'two words', clientId: 'c' }, 'a topic/with spaces')).toBe(true);
  });

  it('put names into patterns, but none that would widen them', () => {
    expect(list.mayPublish(boiler, 'own/boiler/c1/x')).toBe(true);
    expect(list.maySubscribe(boiler, 'own/boiler/c1/#')).toBe(true);
    expect(list.mayPublish(boiler, 'own/boiler/c2/x')).toBe(false);
    expect(list.mayPublish(nobody, 'own//c1/x')).toBe(false);
    for (const user of ['+', '#', 'a/b']) {
      expect(list.mayPublish({ user, clientId: 'c1' }, `own/${user}/c1/x`)).toBe(false);
      expect(list.maySubscribe({ user, clientId: 'c1' }, 'own/boiler/c1/x')).toBe(false);
    }
  });

  it('grant a subscription only if all of it may be read', () => {
    expect(list.maySubscribe(boiler, 'alerts/boiler/+')).toBe(true);
    expect(list.maySubscribe(boiler, '$share/g/alerts/boiler/#')).toBe(true);
    for (const filter of [
      '#',
      '+/boiler',
      'alerts/#',
      'alerts/+/x',
      'alerts/secret/x',
      '$share/g/#',
      '$SYS/#',
    ]) {
      expect(list.maySubscribe(boiler, filter), filter).toBe(false);
    }
  });

  it('name every line at fault', () => {
    expect(() => new AccessList('user\ntopic\nallow x\ntopic read a/#/b\ntopic a+\n', 'MQTT_ACL')).toThrow(
      /MQTT_ACL: line 1 .*line 2 .*line 3 .*line 4 .*line 5 /s,
    );
  });
});

describe('filters compared', () => {
  it.each([
    ['#', 'a/+/b', true, true],
    ['#', '$SYS/a', false, false],
    ['a/#', 'a', true, true],
    ['a/+', 'a', false, false],
    ['a/+', 'a/#', false, true],
    ['+/b', 'a/+', false, true],
    ['a/+/c', 'a/b/c', true, true],
    ['a/b', 'a/+', false, true],
    ['a/b/c', 'a/+', false, false],
    ['a', 'a/#', false, true],
    ['a/b', 'c/#', false, false],
  ])('%s and %s: covers %s, overlaps %s', (one, other, covers, overlaps) => {
    expect(coversFilter(one, other)).toBe(covers);
    expect(overlapsFilter(one, other)).toBe(overlaps);
    expect(overlapsFilter(other, one)).toBe(overlaps);
  });
});
