/** The accounts of the HTTP server: what the file may hold, and whom a token and a password let in. */
import { describe, expect, it } from 'vitest';
import { Accounts, tokenLine, userLine } from '../../src/access/accounts.ts';
import { includesRole } from '../../src/domain/role.ts';
import { ConfigurationError } from '../../src/errors.ts';

describe('accounts', () => {
  it('let in by token and by password, with the role of the file', async () => {
    const grafana = tokenLine('grafana', 'viewer');
    const text = ['# people', '', await userLine('ana', 'operator', 'pässword'), grafana.line].join('\r\n');
    const accounts = new Accounts(text, 'geheim');
    expect(accounts.open).toBe(false);
    expect(accounts.ofToken(grafana.token)).toMatchObject({ name: 'grafana', role: 'viewer', kind: 'token' });
    expect(accounts.ofToken('geheim')).toMatchObject({ name: 'HTTP_TOKEN', role: 'admin', kind: 'token' });
    expect(accounts.ofToken(`${grafana.token}x`)).toBeNull();
    expect(accounts.ofToken('')).toBeNull();
    expect(await accounts.passwords.matches('ana', Buffer.from('pässword'))).toBe(true);
    for (const [name, password] of [
      ['ana', 'password'],
      ['ana', ''],
      ['bob', 'pässword'],
      ['grafana', grafana.token],
      ['HTTP_TOKEN', 'geheim'],
    ] as const)
      expect(await accounts.passwords.matches(name, Buffer.from(password)), name).toBe(false);
    expect(accounts.named('ana', 'user')?.role).toBe('operator');
    expect(accounts.named('ana', 'token')).toBeNull();
    expect(accounts.named('HTTP_TOKEN', 'token')?.role).toBe('admin');
  });

  it('are none at first, and the token of an administrator may be the only one', () => {
    expect(new Accounts(undefined, undefined).open).toBe(true);
    expect(new Accounts('# nobody yet\n', undefined).open).toBe(true);
    expect(new Accounts(undefined, 'x').open).toBe(false);
    expect(new Accounts(tokenLine('t', 'viewer').line, undefined).open).toBe(false);
  });

  it('name every line at fault, and nothing that is on it', async () => {
    const good = await userLine('ana', 'viewer', 'x');
    const lines = [good, 'bob', 'bob:root:$7$1$a$b', 'bob:admin:secret', 'bob:admin:$7$1$AAAA$AAAA', good];
    const error = (() => {
      try {
        return new Accounts(lines.join('\n'), undefined);
      } catch (reason) {
        return reason as ConfigurationError;
      }
    })();
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ field: 'HTTP_USERS' });
    expect((error as ConfigurationError).message).toBe(
      'HTTP_USERS: line 2 is not <name>:<role>:<secret>, line 3 has no role of viewer, operator, admin, line 4 has a damaged secret, ' +
        'line 5 has a damaged secret, line 6 names an account a second time; make lines with `vigia passwd <name> --role <role>`',
    );
    for (const name of ['', 'a:b', '#a', ' a', 'a\nb'])
      expect(() => tokenLine(name, 'viewer'), JSON.stringify(name)).toThrow(ConfigurationError);
  });

  it('make another token each time', () => {
    expect(tokenLine('a', 'viewer').token).not.toBe(tokenLine('a', 'viewer').token);
    expect(tokenLine('a', 'viewer').token).toMatch(/^[\w-]{43}$/);
  });

  it('have roles that include each other', () => {
    expect(includesRole('admin', 'viewer')).toBe(true);
    expect(includesRole('operator', 'operator')).toBe(true);
    expect(includesRole('viewer', 'operator')).toBe(false);
    expect(includesRole('operator', 'admin')).toBe(false);
  });
});
