/** Who may use the HTTP routes: tokens, limits per client, proxies, pages of other sites. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { testHttp, textLines } from './http-fixture.ts';

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('the legacy routes with a token', () => {
  const closed = { token: 'geheim', legacyOpen: false };

  it('take it as header or parameter, and refuse without storing anything, in Spanish', async () => {
    const http = await testHttp(closed);
    for (const path of ['/nuevo?dato=1', '/listar?limit=1', '/detectar?dato=1']) {
      const refused = await fetch(http.url + path);
      expect(refused.status).toBe(401);
      expect(textLines(await refused.text())[0]).toMatch(/^Esta ruta necesita el token/);
      expect((await fetch(`${http.url}${path}&token=falsch`)).status).toBe(401);
      expect((await fetch(`${http.url}${path}&token=`)).status).toBe(401);
    }
    expect(http.submitted).toEqual([]);
    for (const path of ['/nuevo?dato=1', '/listar?limit=1', '/detectar?dato=1']) {
      expect((await fetch(http.url + path, bearer('geheim'))).status).toBe(200);
      expect((await fetch(`${http.url}${path}&token=geheim`)).status).toBe(200);
    }
  });

  it('the JSON API takes no token from the URL', async () => {
    const http = await testHttp(closed);
    expect((await fetch(`${http.url}/api/series?token=geheim`)).status).toBe(401);
  });

  it('names no token in the log, right or wrong', async () => {
    const http = await testHttp({ ...closed, submit: () => Promise.reject(new Error('broken')) });
    await fetch(`${http.url}/nuevo?dato=1&token=geheim`);
    await fetch(`${http.url}/nuevo?dato=1&token=erraten`);
    await fetch(`${http.url}/api/series`, bearer('erraten'));
    expect(http.log.length).toBeGreaterThanOrEqual(3);
    expect(JSON.stringify(http.log)).not.toMatch(/geheim|erraten/);
  });
});

describe('limits per client', () => {
  it('answer 429 with Retry-After on every route but those of operation', async () => {
    const http = await testHttp({ rateLimit: 3 });
    for (let i = 0; i < 3; i++) expect((await fetch(`${http.url}/api/series`)).status).toBe(200);
    const refused = await fetch(`${http.url}/api/series`);
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(await refused.json()).toEqual({
      error: { code: 'rate_limited', message: expect.stringContaining('HTTP_RATE_LIMIT') },
    });
    const legacy = await fetch(`${http.url}/nuevo?dato=1`);
    expect(legacy.status).toBe(429);
    expect(textLines(await legacy.text())[0]).toMatch(/^Demasiadas peticiones/);
    expect((await fetch(http.url)).status).toBe(429);
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await fetch(http.url + path)).status).toBe(200);
    }
    expect(http.submitted).toEqual([]);
  });

  it('look at no token after too many wrong ones, of this client only', async () => {
    const http = await testHttp({ token: 'geheim', authFailures: 2, trustProxy: '127.0.0.1' });
    const status = async (token: string, client: string) => {
      const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': client };
      return (await fetch(`${http.url}/api/series`, { headers })).status;
    };
    expect(await status('a', '10.0.0.1')).toBe(401);
    expect(
      (await fetch(`${http.url}/api/series`, { headers: { 'x-forwarded-for': '10.0.0.1' } })).status,
    ).toBe(401);
    expect(await status('geheim', '10.0.0.1')).toBe(200);
    expect(await status('b', '10.0.0.1')).toBe(401);
    expect(await status('geheim', '10.0.0.1')).toBe(429);
    expect(await status('geheim', '10.0.0.2')).toBe(200);
  });

  it('count what a proxy forwards by client only where the proxy is trusted', async () => {
    for (const [trustProxy, last] of [
      [undefined, 429],
      ['1', 200],
      ['10.1.1.1, 127.0.0.0/8', 200],
      ['10.1.1.1', 429],
    ] as const) {
      const http = await testHttp({ rateLimit: 1, trustProxy });
      const from = async (client: string) =>
        (await fetch(`${http.url}/api/series`, { headers: { 'x-forwarded-for': client } })).status;
      expect(await from('10.0.0.1')).toBe(200);
      expect(await from('10.0.0.2'), String(trustProxy)).toBe(last);
    }
  });

  it('a TRUST_PROXY that is none stops the start', async () => {
    const error = await testHttp({ trustProxy: 'proxy.example' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ field: 'TRUST_PROXY' });
  });
});

describe('pages of other sites', () => {
  const page = (origin: string) => ({ origin, 'sec-fetch-site': 'cross-site' });
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/api/readings`, {
      method: 'OPTIONS',
      headers: { ...page(origin), 'access-control-request-method': 'POST' },
    });

  it('are told nothing by default', async () => {
    const http = await testHttp();
    const headers = page('https://panel.example');
    const read = await fetch(`${http.url}/api/series`, { headers });
    expect(read.headers.get('access-control-allow-origin')).toBeNull();
    const asked = await preflight(http.url, 'https://panel.example');
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
    const write = await fetch(`${http.url}/api/readings`, { method: 'POST', body: '[]', headers });
    expect(write.status).toBe(403);
  });

  it('may not write on the legacy routes either, except by a link that the visitor follows', async () => {
    const http = await testHttp({ corsOrigins: ['https://panel.example'] });
    // fetch sends a Sec-Fetch-Mode of its own.
    const ask = async (path: string, headers: Record<string, string>) => {
      const [response] = await once(get(http.url + path, { headers }), 'response');
      return { status: (response as IncomingMessage).statusCode, body: await text(response) };
    };
    for (const path of ['/nuevo?dato=1', '/detectar?dato=1']) {
      for (const site of ['cross-site', 'same-site']) {
        for (const headers of [
          { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
          { 'sec-fetch-mode': 'cors', origin: 'https://evil.example' },
          { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
        ]) {
          const { status, body } = await ask(path, { 'sec-fetch-site': site, ...headers });
          expect(status).toBe(403);
          expect(textLines(body)).toEqual(['Esta ruta no admite datos de páginas de otros sitios.']);
        }
      }
    }
    expect(http.submitted).toEqual([]);
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    for (const headers of [link, page('https://panel.example'), { 'sec-fetch-site': 'same-origin' }, {}])
      expect((await ask('/nuevo?dato=1', headers)).status).toBe(200);
    expect((await ask('/listar', page('https://evil.example'))).status).toBe(200);
  });

  it('that are listed may read and write, with the token where there is one; others may not', async () => {
    const http = await testHttp({ corsOrigins: ['https://panel.example'], token: 'geheim' });
    const asked = await preflight(http.url, 'https://panel.example');
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe('https://panel.example');
    expect(asked.headers.get('access-control-allow-headers')).toContain('Authorization');
    const write = (origin: string, token: string) =>
      fetch(`${http.url}/api/readings`, {
        method: 'POST',
        body: '[]',
        headers: { ...page(origin), authorization: `Bearer ${token}` },
      });
    const allowed = await write('https://panel.example', 'geheim');
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://panel.example');
    expect(allowed.headers.get('vary')).toMatch(/Origin/);
    const unauthorized = await write('https://panel.example', 'x');
    expect(unauthorized.status).toBe(401);
    expect(unauthorized.headers.get('access-control-allow-origin')).toBe('https://panel.example');
    const other = await write('https://evil.example', 'geheim');
    expect(other.status).toBe(403);
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });
});
