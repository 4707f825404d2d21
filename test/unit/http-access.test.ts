/** Who may use the HTTP routes: tokens, limits per client, proxies, pages of other sites. */
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { waitFor } from '../helpers/wait-for.ts';
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

  it('refuse wrong tokens after too many of them, of this client only, and never a right one', async () => {
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
    expect(await status('c', '10.0.0.1')).toBe(429);
    expect(await status('geheim', '10.0.0.1')).toBe(200);
    expect(await status('c', '10.0.0.2')).toBe(401);
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

  it('may not write on the legacy routes either, and an address that is opened asks before it writes', async () => {
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
    for (const site of ['cross-site', 'none']) {
      const { status, body } = await ask('/nuevo?dato=1&sensor=a%20b', { ...link, 'sec-fetch-site': site });
      expect(status).toBe(403);
      expect(textLines(body)).toEqual(['El valor todavía no se ha guardado.', 'Guardar']);
      expect(body).toContain('<a href="/nuevo?dato=1&amp;sensor=a%20b">Guardar</a>');
    }
    expect(http.submitted).toEqual([]);
    for (const headers of [page('https://panel.example'), { ...link, 'sec-fetch-site': 'same-origin' }, {}])
      expect((await ask('/nuevo?dato=1', headers)).status).toBe(200);
    expect(http.submitted).toHaveLength(3);
    expect((await ask('/listar', page('https://evil.example'))).status).toBe(200);
  });

  it('are known without Sec-Fetch-Site too: browsers send none under a LAN name', async () => {
    const http = await testHttp({ corsOrigins: ['https://panel.example'] });
    const own = `http://127.0.0.1:${http.port}`;
    const browser = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)', 'accept-language': 'en-US' };
    const ask = async (method: string, path: string, headers: Record<string, string>) => {
      const sent = request(http.url + path, { method, headers });
      sent.end(method === 'POST' ? '[]' : undefined);
      const [response] = await once(sent, 'response');
      await text(response);
      return (response as IncomingMessage).statusCode;
    };
    const cases: [Record<string, string>, number][] = [
      [{}, 200],
      [{ 'user-agent': 'curl/8.1' }, 200],
      [{ 'accept-language': '*' }, 200],
      [browser, 403],
      [{ 'accept-language': 'es' }, 403],
      [{ 'user-agent': 'Mozilla/5.0' }, 403],
      [{ 'upgrade-insecure-requests': '1' }, 403],
      [{ 'sec-ch-ua': '"Chromium"' }, 403],
      [{ ...browser, authorization: 'Bearer x' }, 200],
      [{ ...browser, origin: own }, 200],
      [{ ...browser, referer: `${own}/` }, 200],
      [{ ...browser, origin: 'https://panel.example' }, 200],
      [{ ...browser, origin: 'null' }, 403],
      [{ ...browser, origin: 'http://evil.example', referer: `${own}/` }, 403],
      [{ ...browser, origin: 'http://127.0.0.1:1' }, 403],
      [{ ...browser, referer: 'http://evil.example/127.0.0.1' }, 403],
      [{ ...browser, origin: 'http://evil.example', authorization: 'Bearer x' }, 403],
      [{ origin: 'http://evil.example' }, 403],
    ];
    for (const [headers, status] of cases) {
      for (const [method, path] of [
        ['POST', '/api/readings'],
        ['GET', '/nuevo?dato=1'],
        ['GET', '/detectar?dato=1'],
      ] as const)
        expect([method, path, headers, await ask(method, path, headers)]).toEqual([
          method,
          path,
          headers,
          status,
        ]);
      expect(await ask('GET', '/api/series', headers)).toBe(200);
    }
    // A browser that opens the address is asked, as with Sec-Fetch-Site.
    expect(await ask('GET', '/nuevo?dato=1', { ...browser, accept: 'text/html,*/*' })).toBe(403);
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

describe('the name that a client uses for this server', () => {
  const status = async (url: string, host: string, headers: Record<string, string> = {}) => {
    const [response] = await once(get(url, { headers: { ...headers, host } }), 'response');
    return [(response as IncomingMessage).statusCode, await text(response)] as const;
  };

  it('must be an address, a name without a dot, or listed: a foreign name may have been rebound', async () => {
    const http = await testHttp({ allowedHosts: ['vigia.lan', '*.example.org'] });
    for (const host of [
      '127.0.0.1:4000',
      '192.168.1.7',
      '[::1]:4000',
      'localhost:4000',
      'panel.localhost',
      'bridge:4000',
      'VIGIA.lan:4000',
      'vigia.lan.',
      'a.b.example.org',
    ])
      expect([host, (await status(`${http.url}/api/series`, host))[0]]).toEqual([host, 200]);
    for (const host of [
      'evil.example',
      'evil.example:4000',
      'vigia.lan.evil.example',
      'example.org',
      '127.0.0.1.nip.io',
      '[::1].evil.example',
    ]) {
      for (const path of [
        '/api/series',
        '/',
        '/nuevo?dato=1',
        '/panel/panel.js',
        '/openapi.json',
        '/nothing',
      ])
        expect([host, path, (await status(http.url + path, host))[0]]).toEqual([host, path, 421]);
    }
    const [, body] = await status(`${http.url}/api/series`, 'evil.example:80');
    expect(JSON.parse(body)).toEqual({
      error: {
        code: 'unknown_host',
        message: "this server is not known as 'evil.example': HTTP_ALLOWED_HOSTS can list the name",
      },
    });
    expect(http.submitted).toEqual([]);
  });

  it('may be any where * is listed, and does not matter to probes and scrapers', async () => {
    const open = await testHttp({ allowedHosts: ['*'] });
    expect((await status(`${open.url}/api/series`, 'evil.example'))[0]).toBe(200);
    const http = await testHttp();
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect((await status(http.url + path, 'evil.example'))[0]).toBe(200);
  });

  it('is checked behind a proxy too, as the proxy names it and as the proxy was asked for it', async () => {
    const http = await testHttp({ trustProxy: '127.0.0.1', allowedHosts: ['vigia.lan'] });
    const forwarded = (host: string) => ({ 'x-forwarded-host': host });
    expect((await status(`${http.url}/`, 'bridge:4000', forwarded('vigia.lan')))[0]).toBe(200);
    expect((await status(`${http.url}/`, 'bridge:4000', forwarded('evil.example')))[0]).toBe(421);
    expect((await status(`${http.url}/`, 'evil.example', forwarded('vigia.lan')))[0]).toBe(421);
  });
});

describe('one address', () => {
  it('holds so many live streams, and others have theirs', async () => {
    const http = await testHttp({
      trustProxy: '127.0.0.1',
      liveAddressClients: 1,
      liveLimits: { clients: 10 },
    });
    const open = (client: string) =>
      fetch(`${http.url}/api/stream`, { headers: { 'x-forwarded-for': client } });
    const first = await open('10.0.0.1');
    expect(first.status).toBe(200);
    const refused = await open('10.0.0.1');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    const other = await open('10.0.0.2');
    expect(other.status).toBe(200);
    await first.body!.cancel();
    await waitFor('a place', async () => {
      const again = await open('10.0.0.1');
      await again.body?.cancel();
      return again.status === 200;
    });
    await other.body!.cancel();
    expect(await http.options.registry.metrics()).toMatch(
      /vigia_http_refused_total\{reason="too_many_clients"\} [1-9]/,
    );
  });

  it('holds so many connections, and a closed one makes room', async () => {
    const http = await testHttp({ addressConnections: 2 });
    const sockets = [1, 2, 3].map(() => connect(http.port, '127.0.0.1'));
    await once(sockets[2]!, 'close');
    expect(http.log.filter(({ msg }) => /HTTP_ADDRESS_CONNECTIONS/.test(String(msg)))).toHaveLength(1);
    sockets[0]!.destroy();
    await waitFor(
      'a place',
      async () => (await fetch(`${http.url}/healthz`).catch(() => null))?.status === 200,
    );
    sockets[1]!.destroy();
    const behindProxy = await testHttp({ addressConnections: 1, trustProxy: '127.0.0.1' });
    const held = connect(behindProxy.port, '127.0.0.1');
    await once(held, 'connect');
    expect((await fetch(`${behindProxy.url}/healthz`)).status).toBe(200);
    held.destroy();
  });
});
