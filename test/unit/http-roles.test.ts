/** Roles: which token may call which route, and what of it stands in the audit log. */
import { describe, expect, it } from 'vitest';
import { tokenLine } from '../../src/access/accounts.ts';
import { includesRole, ROLES, type Role } from '../../src/domain/role.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { fill, NOW, type TestHttp, testHttp } from './http-fixture.ts';

const TOKENS = {
  viewer: tokenLine('v', 'viewer'),
  operator: tokenLine('o', 'operator'),
  admin: tokenLine('a', 'admin'),
};
const USERS = Object.values(TOKENS)
  .map(({ line }) => line)
  .join('\n');

const as = (role: Role, method = 'GET', body?: string): RequestInit => ({
  method,
  headers: { authorization: `Bearer ${TOKENS[role].token}` },
  ...(body !== undefined && { body }),
});

interface Operation {
  readonly 'x-role'?: Role;
  readonly security?: readonly Record<string, readonly string[]>[];
}

async function guarded(over: Parameters<typeof testHttp>[0] = {}): Promise<TestHttp> {
  const http = await testHttp({ users: USERS, legacyOpen: false, ...over });
  await fill(http.store, { sensor: 's', metric: 'm' }, [{ ts: NOW, value: 1 }]);
  return http;
}

const audited = async ({ store }: TestHttp, count: number) => {
  await waitFor('the entries', async () => (await store.audit.list(100, null)).length >= count);
  return (await store.audit.list(100, null)).map(({ position: _, requestId, ts, ...rest }) => rest);
};

describe('roles', () => {
  it('open each route from the role on that the OpenAPI document names', async () => {
    const http = await guarded();
    const { paths } = (await (await fetch(`${http.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, Operation>>;
    };
    const needed: Record<string, number> = {};
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { 'x-role': role, security }] of Object.entries(methods)) {
        if (role === undefined) {
          expect(security, path).toBeUndefined();
          continue;
        }
        needed[role] = (needed[role] ?? 0) + 1;
        expect(security![0]).toEqual({ token: [role] });
        const url = http.url + path.replaceAll(/\{\w+\}/g, 'nothing');
        for (const own of ROLES) {
          const response = await fetch(url, as(own, method.toUpperCase()));
          await response.body?.cancel();
          const what = `${own}: ${method} ${path}`;
          expect([what, response.status === 403]).toEqual([what, !includesRole(own, role)]);
        }
      }
    }
    expect(Object.keys(needed).sort()).toEqual(['admin', 'operator', 'viewer']);
    expect(http.submitted).toEqual([]);
  });

  it('let a viewer look, an operator enter and acknowledge, and only an administrator delete', async () => {
    const http = await guarded();
    const remove = `${http.url}/api/series/s/m?confirm=s/m`;
    const reading = JSON.stringify({ sensor: 's', metric: 'm', value: 2 });
    expect((await fetch(`${http.url}/api/series`, as('viewer'))).status).toBe(200);
    const refused = await fetch(`${http.url}/api/readings`, as('viewer', 'POST', reading));
    expect(refused.status).toBe(403);
    expect(await refused.json()).toEqual({
      error: { code: 'forbidden', message: 'this needs the role operator; v has the role viewer' },
    });
    expect((await fetch(`${http.url}/api/readings`, as('operator', 'POST', reading))).status).toBe(200);
    expect((await fetch(`${http.url}/nuevo?dato=1&token=${TOKENS.viewer.token}`)).status).toBe(403);
    expect((await fetch(`${http.url}/nuevo?dato=1&token=${TOKENS.operator.token}`)).status).toBe(200);
    expect((await fetch(remove, as('operator', 'DELETE'))).status).toBe(403);
    expect((await fetch(remove, as('admin', 'DELETE'))).status).toBe(200);
  });

  it('go beside HTTP_TOKEN, which is an administrator, and change while the server runs', async () => {
    const http = await testHttp({ token: 'geheim', users: USERS });
    let users: string | undefined = USERS;
    Object.defineProperty(http.options, 'users', { get: () => users });
    const own = { headers: { authorization: 'Bearer geheim' } };
    expect((await fetch(`${http.url}/api/audit`, own)).status).toBe(200);
    expect((await fetch(`${http.url}/api/audit`, as('admin'))).status).toBe(200);
    users = USERS.replace('a:admin:', 'a:viewer:');
    expect((await fetch(`${http.url}/api/audit`, as('admin'))).status).toBe(403);
    users = undefined;
    expect((await fetch(`${http.url}/api/audit`, as('admin'))).status).toBe(401);
  });
});

describe('the audit log', () => {
  it('has every change of state, with who, what and from where, and no reading that a program sends', async () => {
    const http = await guarded();
    const level = (body: string, role: Role = 'admin') =>
      fetch(`${http.url}/api/log-level`, as(role, 'PUT', body));
    await level('{"level":"debug"}');
    await level('{"level":"loud"}');
    await fetch(`${http.url}/api/series/s/m?confirm=s/m`, as('admin', 'DELETE'));
    await fetch(`${http.url}/api/series/s/m?confirm=s/m`, as('admin', 'DELETE'));
    await fetch(`${http.url}/api/readings`, as('operator', 'POST', '{"sensor":"s","metric":"m","value":2}'));
    await fetch(`${http.url}/api/series`, as('viewer'));
    await fetch(`${http.url}/nuevo?dato=1&token=${TOKENS.operator.token}`);
    const common = { actor: 'a', role: 'admin', address: '127.0.0.1', detail: null, count: 1 };
    const action = 'DELETE /api/series/{sensor}/{metric}';
    const [third, second, first, zeroth, ...more] = await audited(http, 4);
    expect(more).toEqual([]);
    expect(zeroth).toEqual({
      ...common,
      action: 'PUT /api/log-level',
      target: '',
      outcome: 'done',
      status: 200,
      detail: 'debug',
    });
    expect(first).toMatchObject({ action: 'PUT /api/log-level', outcome: 'failed', status: 400 });
    expect(second).toEqual({ ...common, action, target: 's/m?confirm=s/m', outcome: 'done', status: 200 });
    expect(third).toMatchObject({ action, outcome: 'failed', status: 404 });
    expect(http.log.find(({ msg }) => msg === `audit: ${action} done`)).toMatchObject({
      audit: { actor: 'a', target: 's/m?confirm=s/m' },
    });
  });

  it('has who was refused, without any token', async () => {
    const http = await guarded();
    await fetch(`${http.url}/api/series/s/m`, as('viewer', 'DELETE'));
    await fetch(`${http.url}/api/series`);
    await fetch(`${http.url}/nuevo?dato=1&token=geheim&sensor=x`);
    await fetch(`${http.url}/api/readings`, { method: 'POST', headers: { origin: 'http://evil.example' } });
    const entries = await audited(http, 4);
    expect(
      entries.map(({ actor, action, target, status, outcome }) => [actor, action, target, status, outcome]),
    ).toEqual([
      [null, 'POST unknown', '', 403, 'refused'],
      [null, 'GET /nuevo', '?dato=1&sensor=x', 401, 'refused'],
      [null, 'GET /api/series', '', 401, 'refused'],
      ['v', 'DELETE /api/series/{sensor}/{metric}', 's/m', 403, 'refused'],
    ]);
    expect(JSON.stringify(http.log)).not.toContain('geheim');
  });

  it('is read page by page', async () => {
    const http = await guarded();
    for (const level of ['warn', 'info', 'debug'])
      await fetch(`${http.url}/api/log-level`, as('admin', 'PUT', JSON.stringify({ level })));
    await audited(http, 3);
    const page = async (query: string) =>
      (await (await fetch(`${http.url}/api/audit?${query}`, as('admin'))).json()) as {
        entries: { detail: string }[];
        next: string | null;
      };
    const first = await page('limit=2');
    expect(first.entries.map(({ detail }) => detail)).toEqual(['debug', 'info']);
    const second = await page(`limit=2&before=${first.next}`);
    expect(second).toMatchObject({ entries: [{ detail: 'warn' }], next: null });
    expect((await fetch(`${http.url}/api/audit?before=x`, as('admin'))).status).toBe(400);
  });

  it('has an act whose client has gone before the answer', async () => {
    let finish = () => {};
    let removing = () => {};
    const begun = new Promise<void>((resolve) => {
      removing = resolve;
    });
    const http = await guarded();
    const { remove } = http.store.series;
    http.store.series.remove = async (series) => {
      removing();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return Reflect.apply(remove, http.store.series, [series]);
    };
    const abort = new AbortController();
    const asked = fetch(`${http.url}/api/series/s/m?confirm=s/m`, {
      ...as('admin', 'DELETE'),
      signal: abort.signal,
    });
    await begun;
    abort.abort();
    await expect(asked).rejects.toThrow();
    finish();
    expect(await audited(http, 1)).toMatchObject([
      { actor: 'a', target: 's/m?confirm=s/m', outcome: 'done' },
    ]);
  });
});
