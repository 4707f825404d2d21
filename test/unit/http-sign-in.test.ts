/** Sign-in of a person: the cookie of a session, what ends it, and what guessing a password costs. */
import { describe, expect, it } from 'vitest';
import { tokenLine, userLine } from '../../src/access/accounts.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { NOW, type TestHttp, testHttp } from './http-fixture.ts';

const TOKEN = tokenLine('grafana', 'viewer');
const USERS = [
  await userLine('ana', 'operator', 'geheim'),
  await userLine('bob', 'admin', 'secreto'),
  TOKEN.line,
].join('\n');

const guarded = (over: Parameters<typeof testHttp>[0] = {}) =>
  testHttp({ users: USERS, legacyOpen: false, ...over });

const signIn = ({ url }: TestHttp, body: object, headers: Record<string, string> = {}) =>
  fetch(`${url}/api/session`, { method: 'POST', body: JSON.stringify(body), headers });

/** The cookie that an answer sets, as a browser sends it. */
const cookieOf = (response: Response) => ({ cookie: response.headers.get('set-cookie')!.split(';')[0]! });

const who = async ({ url }: TestHttp, headers: Record<string, string>) => {
  const response = await fetch(`${url}/api/session`, { headers });
  return response.ok ? response.json() : response.status;
};

describe('signing in', () => {
  it('with a password gives a cookie that no script and no other site can use', async () => {
    const http = await guarded();
    const response = await signIn(http, { user: 'ana', password: 'geheim' });
    expect(await response.json()).toEqual({
      name: 'ana',
      role: 'operator',
      by: 'session',
      expires: NOW + 3_600_000,
    });
    const cookie = response.headers.get('set-cookie')!;
    expect(cookie).toMatch(new RegExp(`^vigia_session_${http.port}=`));
    expect(cookie.split('; ').slice(1)).toEqual(
      expect.arrayContaining(['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=3600']),
    );
    expect(cookie).not.toContain('Secure');
    expect(await who(http, cookieOf(response))).toEqual({ name: 'ana', role: 'operator', by: 'session' });
    const out = await fetch(`${http.url}/api/session`, { method: 'DELETE' });
    expect(out.headers.get('set-cookie')).toMatch(
      new RegExp(`^vigia_session_${http.port}=;.*Expires=Thu, 01 Jan 1970`),
    );
  });

  it('with a token too, on every replica, and securely behind a proxy that speaks HTTPS', async () => {
    const http = await guarded({ trustProxy: '127.0.0.1' });
    const response = await signIn(http, { token: TOKEN.token }, { 'x-forwarded-proto': 'https' });
    expect(response.headers.get('set-cookie')).toContain('Secure');
    expect(await who(http, cookieOf(response))).toEqual({ name: 'grafana', role: 'viewer', by: 'session' });
    const other = await guarded({ store: http.store });
    const cookie = cookieOf(response).cookie.replace(String(http.port), String(other.port));
    expect(await who(other, { cookie })).toEqual({ name: 'grafana', role: 'viewer', by: 'session' });
  });

  it('says the same of a wrong password and of no such user, and names what is missing', async () => {
    const http = await guarded();
    const answers = [];
    for (const body of [
      { user: 'ana', password: 'x' },
      { user: 'nobody', password: 'x' },
      { user: 'grafana', password: TOKEN.token },
    ]) {
      const response = await signIn(http, body);
      answers.push([response.status, await response.json()]);
      expect(response.headers.get('set-cookie')).toBeNull();
    }
    const refusal = { error: { code: 'unauthorized', message: 'user or password is wrong' } };
    expect(answers).toEqual(answers.map(() => [401, refusal]));
    expect((await signIn(http, { token: 'x' })).status).toBe(401);
    for (const [body, field] of [
      [{}, 'user'],
      [{ user: 'ana' }, 'password'],
      [{ user: 'ana', token: 'x' }, 'token'],
      [{ user: 1 }, 'user'],
    ] as const) {
      const response = await signIn(http, body);
      expect([
        response.status,
        ((await response.json()) as { error: { field: string } }).error.field,
      ]).toEqual([400, field]);
    }
    await waitFor('the entries', async () => (await http.store.audit.list(10, null)).length >= 4);
    const entries = await http.store.audit.list(10, null);
    expect(entries.map(({ actor, action, outcome, detail }) => [actor, action, outcome, detail])).toEqual(
      expect.arrayContaining([
        ['ana', 'POST /api/session', 'refused', 'with a password'],
        ['nobody', 'POST /api/session', 'refused', 'with a password'],
        [null, 'POST /api/session', 'refused', 'with a token'],
      ]),
    );
    expect(JSON.stringify([http.log, entries])).not.toContain(TOKEN.token);
  });

  it('is not needed where nobody needs to say who he is', async () => {
    const http = await testHttp();
    expect(await (await signIn(http, { token: 'x' })).json()).toMatchObject({
      name: 'anybody',
      role: 'admin',
      by: 'none',
    });
    expect(await who(http, {})).toMatchObject({ role: 'admin', by: 'none' });
  });

  it('lets a person enter values, which the audit log then has', async () => {
    const http = await guarded();
    const cookie = cookieOf(await signIn(http, { user: 'ana', password: 'geheim' }));
    const reading = { sensor: 's', metric: 'm', value: 1 };
    const write = await fetch(`${http.url}/api/readings`, {
      method: 'POST',
      body: JSON.stringify(reading),
      headers: cookie,
    });
    expect(write.status).toBe(200);
    expect((await fetch(`${http.url}/nuevo?dato=1`, { headers: cookie })).status).toBe(200);
    await waitFor('the entries', async () => (await http.store.audit.list(10, null)).length >= 3);
    const actions = (await http.store.audit.list(10, null)).map(({ actor, action }) => `${actor} ${action}`);
    expect(actions).toEqual(['ana GET /nuevo', 'ana POST /api/readings', 'ana POST /api/session']);
  });
});

describe('a session', () => {
  it('ends with its time, with another password, and when the account is gone', async () => {
    let now = NOW;
    const http = await guarded({ now: () => now });
    let users = USERS;
    Object.defineProperty(http.options, 'users', { get: () => users });
    const cookie = cookieOf(await signIn(http, { user: 'ana', password: 'geheim' }));
    users = USERS.replace('ana:operator', 'ana:viewer');
    expect(await who(http, cookie)).toMatchObject({ name: 'ana', role: 'viewer' });
    users = USERS.replace(/^ana:.*$/m, await userLine('ana', 'operator', 'another'));
    expect(await who(http, cookie)).toBe(401);
    users = USERS.replace(/^ana:.*$/m, '');
    expect(await who(http, cookie)).toBe(401);
    users = USERS;
    now = NOW + 3_599_999;
    expect(await who(http, cookie)).toMatchObject({ name: 'ana' });
    now = NOW + 3_600_000;
    expect(await who(http, cookie)).toBe(401);
  });

  it('cannot be made up, nor made into one of another account', async () => {
    const http = await guarded();
    const { cookie } = cookieOf(await signIn(http, { user: 'ana', password: 'geheim' }));
    const [start, signature] = cookie.split('.') as [string, string];
    const [name] = start.split('=') as [string];
    const forged = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
    for (const value of [
      `${start}.`,
      start,
      `${start}.${signature.slice(0, -2)}AA`,
      `${name}=${forged({ name: 'bob', kind: 'user', expires: NOW + 1000 })}.${signature}`,
      `${name}=${forged({ name: 'ana', kind: 'user', expires: NOW + 1e9 })}.${signature}`,
      `${name}=${'x'.repeat(5000)}`,
      `${name}=`,
    ])
      expect(await who(http, { cookie: value }), value).toBe(401);
    expect(await who(http, { cookie: `a=b; ${cookie}; c=d` })).toMatchObject({ name: 'ana' });
  });

  it('does not let a page on another port of the host write, whatever HTTP_CORS_ORIGINS lists', async () => {
    const http = await guarded({ corsOrigins: ['*'] });
    const cookie = cookieOf(await signIn(http, { user: 'ana', password: 'geheim' }));
    const write = (headers: Record<string, string>) =>
      fetch(`${http.url}/api/readings`, { method: 'POST', body: '[]', headers: { ...cookie, ...headers } });
    expect((await write({ origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' })).status).toBe(401);
    expect((await write({ origin: http.url, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await write({ origin: http.url })).status).toBe(200);
  });
});

describe('guessing passwords', () => {
  const proxied = (client: string) => ({ 'x-forwarded-for': client });

  it('bars the user at that address for a while, and nobody else', async () => {
    const http = await guarded({ trustProxy: '127.0.0.1' });
    const status = async (user: string, password: string, client: string) =>
      (await signIn(http, { user, password }, proxied(client))).status;
    for (let n = 0; n < 3; n++) expect(await status('ana', `guess ${n}`, '10.0.0.1')).toBe(401);
    const refused = await signIn(http, { user: 'ana', password: 'geheim' }, proxied('10.0.0.1'));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await status('bob', 'secreto', '10.0.0.1')).toBe(200);
    expect(await status('ana', 'geheim', '10.0.0.2')).toBe(200);
    // A password that was right before is known to be right.
    expect(await status('ana', 'geheim', '10.0.0.1')).toBe(200);
  });
});
