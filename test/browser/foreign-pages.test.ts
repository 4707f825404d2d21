/** What a page of another site can do to a Vigía that its visitor's browser reaches: with a real browser, under a LAN name. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'puppeteer-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CHROMIUM, evaluate, testBrowser, textOf, visit } from '../helpers/browser.ts';
import { getJson, type Served } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { live, start } from './panel-page.ts';

const NAME = 'vigia.lan';
const EVIL = 'evil.example';

/** What a page tries, with `url` for the address of Vigía. Each promise settles when the browser has its answer. */
const ATTACKS: Readonly<Record<string, string>> = {
  'an image': `new Promise((done) => { const image = new Image(); image.onload = image.onerror = done; image.src = url + '/nuevo?dato=1'; })`,
  'an image without referrer': `new Promise((done) => { const image = new Image(); image.referrerPolicy = 'no-referrer'; image.onload = image.onerror = done; image.src = url + '/nuevo?dato=1'; })`,
  'a script': `new Promise((done) => { const script = document.createElement('script'); script.onload = script.onerror = done; script.src = url + '/detectar?dato=1'; document.head.append(script); })`,
  'a frame': `new Promise((done) => { const frame = document.createElement('iframe'); frame.onload = done; frame.src = url + '/nuevo?dato=1'; document.body.append(frame); })`,
  'a fetch': `fetch(url + '/nuevo?dato=1', { mode: 'no-cors', referrerPolicy: 'no-referrer' }).catch(() => {})`,
  'a fetch that asks for JSON': `fetch(url + '/nuevo?dato=1&format=json', { headers: { accept: 'application/json' } }).catch(() => {})`,
  'a post': `fetch(url + '/api/readings', { mode: 'no-cors', method: 'POST', body: '[{"sensor":"s","metric":"temperature","value":1}]' }).catch(() => {})`,
  'a post without referrer': `fetch(url + '/api/readings', { mode: 'no-cors', method: 'POST', referrerPolicy: 'no-referrer', body: '[{"sensor":"s","metric":"temperature","value":1}]' }).catch(() => {})`,
  'a beacon': `navigator.sendBeacon(url + '/api/readings', '[{"sensor":"s","metric":"temperature","value":1}]')`,
  'a delete': `fetch(url + '/api/series/kept/temperature?confirm=kept/temperature', { method: 'DELETE' }).catch(() => {})`,
};

/** What a page makes the browser open. */
const NAVIGATIONS: Readonly<Record<string, string>> = {
  'a redirection': `location.href = url + '/nuevo?dato=1'`,
  'a link without referrer': `(() => { const link = document.createElement('a'); link.rel = 'noreferrer'; link.href = url + '/detectar?dato=1'; document.body.append(link); link.click(); })()`,
  'a form': `(() => { document.body.innerHTML = '<form><input name=dato value=1></form>'; const form = document.forms[0]; form.action = url + '/nuevo'; form.submit(); })()`,
  'a posted form': `(() => { document.body.innerHTML = '<form method=post enctype=text/plain><input></form>'; const form = document.forms[0]; form.action = url + '/api/readings'; form.firstChild.name = '{"sensor":"s","metric":"temperature","value":1,"x":"'; form.firstChild.value = '"}'; form.submit(); })()`,
};

/** A site with one empty page. */
async function foreignSite(): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><title>elsewhere</title><body></body>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return `http://${EVIL}:${(server.address() as AddressInfo).port}/`;
}

interface Listed {
  readonly sensor: string;
}

const sensors = async ({ url }: Served) =>
  (await getJson<Listed[]>(`${url}/api/series`)).map(({ sensor }) => sensor);

const under = (name: string, { url }: Served) => `http://${name}:${new URL(url).port}`;

async function withSeries(env: Record<string, string> = {}): Promise<Served> {
  const server = await start({ HTTP_ALLOWED_HOSTS: NAME, ...env });
  await fetch(`${server.url}/nuevo?dato=20&sensor=kept`);
  return server;
}

describe.skipIf(!CHROMIUM)('a page of another site', () => {
  const browser = testBrowser([NAME, EVIL]);

  const attack = (page: Page, url: string, script: string) =>
    evaluate(page, `(() => { const url = ${JSON.stringify(url)}; return ${script}; })()`);

  // Under its address the browser sends Sec-Fetch-Site; under a LAN name it does not.
  it.each([NAME, '127.0.0.1'])('writes nothing to %s', async (name) => {
    const server = await withSeries();
    const url = under(name, server);
    const elsewhere = await foreignSite();
    const { page } = await visit(browser, elsewhere);
    for (const script of Object.values(ATTACKS)) await attack(page, url, script);
    for (const script of Object.values(NAVIGATIONS)) {
      await page.goto(elsewhere);
      await Promise.all([page.waitForNavigation(), attack(page, url, script)]);
      expect(page.url()).toMatch(new RegExp(`^${url.replaceAll('.', '\\.')}/`));
    }
    // The beacon has no answer that a page could wait for; the server answers in turn on its connection.
    expect(await sensors(server)).toEqual(['kept']);
  });

  it('cannot connect to the broker, also where its name points here; a page of the same host can', async () => {
    const server = await withSeries({ MQTT_WS_PORT: '0' });
    const port = /ws:\/\/\S+:(\d+)/.exec(server.output())![1];
    const connect = (page: Page, host: string) =>
      evaluate(
        page,
        `new Promise((done) => {
          const socket = new WebSocket('ws://${host}:${port}', 'mqtt');
          socket.onopen = () => done('open');
          socket.onerror = () => done('refused');
        })`,
      );
    const foreign = await visit(browser, await foreignSite());
    expect(await connect(foreign.page, '127.0.0.1')).toBe('refused');
    expect(await connect(foreign.page, EVIL)).toBe('refused');
    const own = await visit(browser, (await foreignSite()).replace(EVIL, '127.0.0.1'));
    expect(await connect(own.page, '127.0.0.1')).toBe('open');
  });

  it('that has let its name point here is told nothing', async () => {
    const server = await withSeries();
    const { page } = await visit(browser, `${under(EVIL, server)}/`);
    expect(await textOf(page, 'body')).toContain(`this server is not known as '${EVIL}'`);
    await page.goto(`${under(EVIL, server)}/api/series`);
    expect(await textOf(page, 'body')).toContain('unknown_host');
  });

  it('is no reason to keep the visitor out: an address that is opened asks first, and the panel stores', async () => {
    const server = await withSeries();
    const url = under(NAME, server);
    const { page } = await visit(browser, `${url}/nuevo?dato=21&sensor=opened`);
    expect(await textOf(page, 'body')).toContain('todavía no se ha guardado');
    expect(await sensors(server)).toEqual(['kept']);
    await Promise.all([page.waitForNavigation(), page.click('a')]);
    expect(await textOf(page, 'body')).toContain('correctamente');
    expect(await sensors(server)).toEqual(['kept', 'opened']);

    const panel = await visit(browser, `${url}/`);
    await live(panel.page);
    await evaluate(
      panel.page,
      `(() => {
        document.querySelector('#entry-sensor').value = 'entered';
        document.querySelector('#entry-value').value = '22';
        document.querySelector('#entry').requestSubmit();
      })()`,
    );
    await waitFor('the value', async () => (await sensors(server)).includes('entered'));
  });
});
