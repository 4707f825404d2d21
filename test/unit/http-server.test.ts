import { once } from 'node:events';
import { Agent, get as httpGet, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, StoreUnavailable } from '../../src/errors.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { committed, testHttp } from './http-fixture.ts';

/** Bytes of an answer as they are sent. */
async function sizeOf(url: string, encoding: string): Promise<number> {
  const request = httpGet(url, { headers: { 'accept-encoding': encoding } });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  if (url.includes('/panel/')) expect(answer.headers['content-encoding'], url).toBe(encoding);
  let size = 0;
  for await (const chunk of answer) size += (chunk as Buffer).length;
  return size;
}

describe('the page at /', () => {
  it('shows the hostname and counts visits', async () => {
    const http = await testHttp();
    const page = await fetch(http.url);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const text = await page.text();
    expect(text).toContain('<span id="hostname">replica &lt;1&gt;</span>');
    expect(text).toContain('<span id="visits">1</span>');
    // What programs read that knew the replaced system.
    expect(text).toContain('<b>Hostname:</b> replica &lt;1&gt;<br><b>Visits:</b> 1');
    expect(text).toMatch(/Funciones disponibles:[\s\S]*\/nuevo[\s\S]*\/listar[\s\S]*\/detectar/);
    await fetch(http.url, { method: 'HEAD' });
    expect(await (await fetch(http.url)).text()).toContain('<span id="visits">2</span>');
  });

  it('brings everything that it names, at most 220 KB in all, which browsers need not read twice', async () => {
    const http = await testHttp();
    const page = await (await fetch(http.url)).text();
    const paths = [...page.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map((match) => match[1]!);
    expect(paths).toContain('/listar');
    // A browser reads the texts of one language: those of the longer one count.
    paths.push('/panel/text-es.js');
    const bytes = new Map([['/', page.length]]);
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      if (bytes.has(path)) continue;
      const response = await fetch(`${http.url}${path}`);
      expect(response.status, path).toBe(200);
      const text = await response.text();
      if (!path.startsWith('/panel/')) continue;
      bytes.set(path, text.length);
      for (const [, name] of text.matchAll(/(?:from|import) '\.\/([\w.-]+)'/g)) paths.push(`/panel/${name}`);
      const etag = response.headers.get('etag')!;
      const again = await fetch(`${http.url}${path}`, {
        headers: { 'if-none-match': etag, 'cache-control': 'max-age=0' },
      });
      expect(again.status, path).toBe(304);
    }
    expect(bytes.has('/panel/device-list.js')).toBe(true);
    expect([...bytes.values()].reduce((a, b) => a + b)).toBeLessThanOrEqual(220_000);
    // Over plain HTTP browsers ask for gzip only, unless the server is their own machine.
    for (const encoding of ['gzip', 'br']) {
      let transferred = 0;
      for (const path of bytes.keys()) transferred += await sizeOf(`${http.url}${path}`, encoding);
      expect(transferred, encoding).toBeLessThanOrEqual(70_000);
    }
    expect((await fetch(`${http.url}/panel/tsconfig.json`)).status).toBe(404);
    expect((await fetch(`${http.url}/panel/..%2Fpanel.ts`)).status).toBe(404);
  });

  it.each([
    ['refuses', () => Promise.reject(new StoreUnavailable('gone'))],
    ['hangs', () => new Promise<never>(() => {})],
  ])('shows also while the store %s', async (_, increment) => {
    const inner = await testHttp();
    const http = await testHttp({ store: alteredStore(inner.store, 'counters', { increment }) });
    const response = await fetch(http.url);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<span id="visits">unknown</span>');
  });

  it('allows nothing inline, nothing foreign, and no framing', async () => {
    const http = await testHttp();
    const response = await fetch(http.url);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toContain('http');
    const page = await response.text();
    expect(page).not.toMatch(/<style|style=|<script>| on\w+=/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-powered-by')).toBeNull();
  });
});

describe('operation', () => {
  it('tells that the process is up, whether it is ready, and why not', async () => {
    let reason: Error | null = null;
    const http = await testHttp({
      ready: async () => {
        if (reason) throw reason;
      },
    });
    expect((await fetch(`${http.url}/readyz`)).status).toBe(200);
    reason = new StoreUnavailable('the broker cannot be reached');
    const unready = await fetch(`${http.url}/readyz`);
    expect(unready.status).toBe(503);
    expect(await unready.json()).toEqual({ status: 'not ready', reason: 'the broker cannot be reached' });
    const healthy = await fetch(`${http.url}/healthz`);
    expect(healthy.status).toBe(200);
    expect(await healthy.json()).toEqual({ status: 'ok' });
  });

  it('is not ready when nothing answers', async () => {
    const http = await testHttp({ ready: () => new Promise(() => {}) });
    const response = await fetch(`${http.url}/readyz`);
    expect(response.status).toBe(503);
    expect(((await response.json()) as { reason: string }).reason).toMatch(/no answer/);
  });

  it('shows the metrics of its registry', async () => {
    const registry = new Registry();
    new Counter({ name: 'vigia_test_total', help: 'x', registers: [registry] }).inc(3);
    const http = await testHttp({ registry });
    const response = await fetch(`${http.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toContain('vigia_test_total 3');
  });

  it('answers unknown paths and broken URLs plainly, never with 500', async () => {
    const http = await testHttp();
    const missing = await fetch(`${http.url}/nothing`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect((await fetch(`${http.url}/%zz`)).status).toBe(400);
    expect((await fetch(`${http.url}/${'x'.repeat(20_000)}`)).status).toBe(431);
  });

  it('keeps a harmless request id and replaces any other', async () => {
    const http = await testHttp();
    const id = async (given: string) =>
      (await fetch(`${http.url}/healthz`, { headers: { 'x-request-id': given } })).headers.get(
        'x-request-id',
      );
    expect(await id('proxy-17')).toBe('proxy-17');
    expect(await id('a b\t"')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('listening and closing', () => {
  it('names the setting when the port is taken or the address is not ours', async () => {
    const http = await testHttp();
    const other = (over: object) =>
      testHttp(over).then(
        () => null,
        (error: unknown) => error,
      );
    const taken = (await other({ port: http.port })) as ConfigurationError;
    expect(taken).toBeInstanceOf(ConfigurationError);
    expect(taken.message).toMatch(new RegExp(`^PORT ${http.port} is in use on 127\\.0\\.0\\.1: `));
    expect(taken.field).toBe('PORT');
    expect(await other({ host: '192.0.2.1' })).toMatchObject({ field: 'HOST' });
  });

  it('finishes what is in flight, and does not wait for idle connections', async () => {
    let release = () => {};
    const entered = new Promise<void>((enter) => {
      release = enter;
    });
    let commit = () => {};
    const stored = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const http = await testHttp({
      submit: async ([reading]) => {
        release();
        await stored;
        return [committed(reading!)];
      },
      closeDeadline: 60_000,
    });
    const idle = connect(http.port, '127.0.0.1');
    await once(idle, 'connect');
    const agent = new Agent({ keepAlive: true });
    const answer = new Promise<string>((resolve, reject) => {
      httpGet(`${http.url}/nuevo?dato=1`, { agent }, (response) => resolve(text(response))).on(
        'error',
        reject,
      );
    });
    await entered;
    const closed = http.close();
    expect(http.close()).toBe(closed);
    await expect(fetch(`${http.url}/healthz`)).rejects.toThrow();
    commit();
    expect(await answer).toContain('Se ha agregado correctamente!');
    await closed;
    idle.destroy();
    agent.destroy();
  });

  it('drops what is still running at the deadline', async () => {
    let release = () => {};
    const entered = new Promise<void>((enter) => {
      release = enter;
    });
    const http = await testHttp({
      submit: () => {
        release();
        return new Promise(() => {});
      },
      closeDeadline: 50,
    });
    const answer = fetch(`${http.url}/nuevo?dato=1`).then(
      () => 'answered',
      () => 'dropped',
    );
    await entered;
    await http.close();
    expect(await answer).toBe('dropped');
  });
});
