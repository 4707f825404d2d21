/** The list of alerts: found, told apart, acknowledged, and standing still under the pointer. */
import type { Page } from 'puppeteer-core';
import { describe, expect, it } from 'vitest';
import {
  accessibilityProblems,
  CHROMIUM,
  evaluate,
  PHONE,
  picture,
  testBrowser,
  textOf,
  visit,
} from '../helpers/browser.ts';
import { getJson } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { fill, inPage, live, post, press, start, sticksOut } from './panel-page.ts';

const MAX_10 = { ALERT_RULES: '[{"max": 10, "missing": "off", "anomaly": "off"}]' };
const HOUR = 3_600_000;

const listed = (page: Page) => evaluate<number>(page, `document.querySelectorAll('#alerts li').length`);

/** The series of the rows, from top to bottom. */
const names = (page: Page) =>
  evaluate<string[]>(page, `[...document.querySelectorAll('#alerts .what')].map((a) => a.textContent)`);

const reading = (sensor: string, value: number, ts: number) => ({ sensor, metric: 'm', value, ts });

describe.skipIf(!CHROMIUM)('the list of alerts', () => {
  const browser = testBrowser();

  it('has every open alert, and acknowledges those that it says, when asked twice', async () => {
    const { url } = await start(MAX_10);
    const ts = Date.now() - 120_000;
    const sensors = Array.from({ length: 120 }, (_, i) => `s-${i}`);
    await post(
      url,
      sensors.flatMap((sensor, i) => [
        reading(sensor, 99, ts + i),
        ...(sensor === 's-7' ? [] : [reading(sensor, i < 110 ? 99 : 1, ts + 60_000)]),
      ]),
    );
    const { page, errors } = await visit(browser, `${url}#s-7/m`);
    await live(page);
    await waitFor('the count', async () => (await textOf(page, '#alert-count')) === '110 open');
    expect(await page.title()).toBe('(110) Vigía');
    expect(await listed(page)).toBe(100);
    await page.click('#alerts-more');
    await waitFor('all', async () => (await listed(page)) === 110);
    await page.click('#alert-states [value=all]');
    await waitFor('also the others', async () => (await listed(page)) === 100);
    await page.click('#alerts-more');
    await waitFor('all', async () => (await listed(page)) === 120);
    expect(await textOf(page, '#alerts li:last-child')).toContain('for 59 sec');
    // What is over needs nobody.
    expect(await evaluate(page, `document.querySelector('#alerts li:last-child .acknowledge')`)).toBe(null);
    await page.click('#alert-states [value=open]');
    await page.click('#alerts-only');
    await waitFor('those of the series', async () => (await listed(page)) === 1);
    // By keyboard, which does not lose its place.
    await page.focus('#alerts .acknowledge');
    await page.keyboard.press('Enter');
    await inPage(page, 'the acknowledgement', `document.querySelector('#alerts .done')`);
    expect(await evaluate(page, `document.activeElement.closest('#alerts li') !== null`)).toBe(true);
    await page.click('#alerts-only');
    const all = () => textOf(page, '#acknowledge-all');
    await waitFor('the others', async () => (await all()).includes('109'));
    await page.click('#acknowledge-all');
    expect(await textOf(page, '#question-title')).toBe('Acknowledge 109 alerts?');
    await picture(page, 'panel-acknowledge');
    // One that opens now is not among them.
    await post(url, [reading('late', 99, Date.now())]);
    await waitFor('the late one', async () => (await textOf(page, '#alert-count')) === '111 open');
    await page.keyboard.press('Escape');
    await waitFor('one more', async () => (await all()).includes('110'));
    const acknowledged = async () =>
      (await getJson<{ acknowledged: boolean }[]>(`${url}/api/alerts?limit=1000`)).filter(
        (a) => a.acknowledged,
      );
    expect(await acknowledged()).toHaveLength(1);
    await page.click('#acknowledge-all');
    await post(url, [reading('later', 99, Date.now())]);
    await waitFor('the later one', async () => (await textOf(page, '#alert-count')) === '112 open');
    await page.click('#question-yes');
    await inPage(page, 'all but one', `document.querySelectorAll('#alerts .acknowledge').length === 1`);
    expect(await textOf(page, '#announce')).toBe('110 alerts acknowledged');
    const alerts = await getJson<{ acknowledged: boolean; sensor: string }[]>(`${url}/api/alerts?limit=1000`);
    expect(await acknowledged()).toHaveLength(111);
    expect(alerts.find(({ sensor }) => sensor === 'later')!.acknowledged).toBe(false);
    // It stands first: it is the only one that somebody has to look at.
    expect((await names(page))[0]).toBe('later · m');
    expect(errors).toEqual([]);
  }, 60_000);

  it('is searched, filtered and grouped, with times that the server is asked for', async () => {
    const { url } = await start({
      ALERT_RULES: '[{"max": 10, "missing": "off", "anomaly": "off"}, {"sensor": "cold-*", "min": 0}]',
    });
    const now = Date.now();
    const readings = Array.from({ length: 6 }, (_, i) => [
      reading('oven', 99, now - 30 * HOUR + i * 60_000),
      reading('oven', 1, now - 30 * HOUR + i * 60_000 + 1000),
    ]).flat();
    await post(url, [
      ...readings,
      reading('oven', 99, now - 5000),
      reading('cold-room', -5, now - 4000),
      reading('kettle', 99, now - 2 * HOUR),
      reading('kettle', 1, now - 2 * HOUR + 1000),
    ]);
    const { page, errors, requests } = await visit(browser, `${url}#/alerts`);
    await live(page);
    await waitFor('the open ones', async () => (await names(page)).join() === 'cold-room · m,oven · m');
    // What has cleared leaves without an acknowledgement.
    await post(url, [reading('oven', 1, now - 3000)]);
    await waitFor('one', async () => (await names(page)).join() === 'cold-room · m');
    await page.click('#alert-states [value=cleared]');
    await waitFor('repeats in one row', async () => (await names(page)).join() === 'oven · m,kettle · m');
    expect(await textOf(page, '#alerts .repeats')).toBe('×7');
    await page.click('#alerts .repeats');
    await waitFor('each of them', async () => (await listed(page)) === 8);
    await page.click('#alerts .repeats');
    await waitFor('one row again', async () => (await listed(page)) === 2);
    await page.select('#alert-time', '24h');
    await waitFor('newer ones', async () => (await textOf(page, '#alerts .repeats')) === '');
    const asked = new URL(requests.findLast((request) => request.includes('/api/alerts?'))!).searchParams;
    expect(Number(asked.get('from'))).toBeGreaterThan(now - 24 * HOUR - 1000);
    expect(asked.get('state')).toBe('cleared');
    await page.select('#alert-time', '');
    await page.click('#alerts-group');
    await waitFor('every one', async () => (await listed(page)) === 8);
    await page.select('#alert-rule', 'min');
    await waitFor('none', async () => (await listed(page)) === 0);
    await page.click('#alert-states [value=all]');
    await waitFor('the cold one', async () => (await names(page)).join() === 'cold-room · m');
    await page.select('#alert-rule', '');
    await page.type('#alert-search', 'KET');
    await waitFor('what is searched for', async () => (await names(page)).join() === 'kettle · m');
    // The address has it all.
    const address = await evaluate<string>(page, 'location.href');
    expect(address).toContain('#/alerts?state=all&q=KET');
    await page.goto('about:blank');
    await page.goto(address);
    await live(page);
    await waitFor('the same again', async () => (await names(page)).join() === 'kettle · m');
    expect(errors).toEqual([]);
  });

  it('does not move under the pointer, and says what waits', async () => {
    const { url } = await start(MAX_10);
    const now = Date.now();
    await post(
      url,
      ['a', 'b', 'c'].map((sensor, i) => reading(sensor, 99, now - 60_000 + i)),
    );
    const { page, errors } = await visit(browser, url);
    await live(page);
    await waitFor('three', async () => (await listed(page)) === 3);
    await page.hover('#alerts li:nth-child(2)');
    await post(url, [reading('d', 99, now - 30_000), reading('b', 1, now - 30_000)]);
    await waitFor('the note', async () => (await textOf(page, '#alerts-new')) === '1 new');
    expect(await names(page)).toEqual(['c · m', 'b · m', 'a · m']);
    // One that is over says so, and leaves later.
    expect(await textOf(page, '#alerts li:nth-child(2) .tag')).toBe('cleared');
    await page.hover('#alerts-title');
    await waitFor('the new order', async () => (await names(page)).join() === 'd · m,c · m,a · m');
    expect(await evaluate(page, `document.querySelector('#alerts-new').hidden`)).toBe(true);
    expect(errors).toEqual([]);
  });

  it('says which alerts are muted, and how severe each is', async () => {
    const { url } = await start(MAX_10);
    const body = JSON.stringify({ sensor: 'quiet-*' });
    expect((await fetch(`${url}/api/mutes`, { method: 'POST', body })).status).toBe(200);
    await post(url, [reading('quiet-1', 99, Date.now() - 2000), reading('loud', 99, Date.now() - 1000)]);
    const { page } = await visit(browser, `${url}#/alerts`);
    await live(page);
    await waitFor('both', async () => (await listed(page)) === 2);
    const tags = await evaluate<string[]>(
      page,
      `[...document.querySelectorAll('#alerts .line')].map((line) => line.textContent)`,
    );
    expect(tags[0]).toMatch(/loud.*(warning|critical)$/);
    expect(tags[1]).toMatch(/quiet-1.*(warning|critical)muted$/);
  });

  it('says of each why it was raised, in the language of the page, and lets it be muted or closed', async () => {
    const { url } = await start(MAX_10);
    await post(url, [reading('boiler', 12.5, Date.now() - 90_000)]);
    const { page, errors } = await visit(browser, `${url}/?lang=es#/alerts`);
    await waitFor('the alert', async () => (await listed(page)) === 1);
    expect(await textOf(page, '#alerts .sub')).toContain('12,5 está por encima del límite de 10');
    const open = async () => {
      await page.click('#alerts .sub');
      await page.waitForSelector('.details[open]');
    };
    await open();
    const facts = await evaluate<Record<string, string>>(
      page,
      `Object.fromEntries([...document.querySelectorAll('.details dt')].map((dt) => [dt.textContent, dt.nextSibling.textContent]))`,
    );
    expect(facts).toMatchObject({ Estado: 'abierta', Valor: '12,5', Límite: '10,0', Duración: '1 min' });
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'panel-alert-es');
    await press(page, 'Silenciar…');
    await fill(page, { comment: 'obras' });
    await press(page, 'Silenciar alertas');
    await waitFor('the mark', async () => (await textOf(page, '#alerts .line')).includes('silenciada'));
    expect(await getJson(`${url}/api/mutes`)).toMatchObject([{ sensor: 'boiler', metric: 'm', rule: 'max' }]);
    await open();
    await press(page, 'Cerrar alerta…');
    await page.click('#question-yes');
    // Nothing leaves from under the pointer.
    await page.hover('#alerts-title');
    await waitFor('the end', async () => (await listed(page)) === 0);
    expect(errors).toEqual([]);
  });

  it('tells of a new alert where the page is not in sight, for who wants that', async () => {
    const { url } = await start(MAX_10);
    const { page, errors } = await visit(browser, 'about:blank');
    await page.browserContext().overridePermissions(url, ['notifications']);
    await page.evaluateOnNewDocument(`
      var away = false;
      var told = [];
      Object.defineProperty(document, 'hidden', { get: () => away });
      window.Notification = class extends Notification {
        constructor(title, options) {
          super(title, options);
          told.push(title + ' / ' + options.body);
        }
      };
    `);
    await page.goto(`${url}/#/alerts`);
    await live(page);
    await page.click('#notify');
    await inPage(page, 'the wish', `document.querySelector('#notify').ariaPressed === 'true'`);
    await evaluate(page, 'away = true');
    await post(url, [reading('boiler', 12.5, Date.now())]);
    await inPage(page, 'the notification', 'told.length > 0');
    expect(await evaluate(page, 'told')).toEqual(['Alert on boiler · m: above the maximum, 12.5 / 1 open']);
    expect(await page.title()).toBe('(1) Vigía');
    expect(errors).toEqual([]);
  });

  it('is usable on a laptop and on a phone', async () => {
    const { url } = await start(MAX_10);
    const now = Date.now();
    await post(
      url,
      Array.from({ length: 30 }, (_, i) =>
        reading(`a-sensor-with-a-rather-long-name-${i}`, 99, now - 60_000 + i),
      ),
    );
    for (const [viewport, least] of [
      [{ width: 1280, height: 800 }, 12],
      [PHONE, 10],
    ] as const) {
      const { page } = await visit(browser, `${url}#/alerts`, { viewport });
      await live(page);
      await waitFor('the alerts', async () => (await listed(page)) === 30);
      const rows = await evaluate<{ height: number; inside: boolean; cut: boolean }[]>(
        page,
        `[...document.querySelectorAll('#alerts li')].map((li) => {
          const { height, bottom } = li.getBoundingClientRect();
          const button = li.querySelector('.acknowledge').getBoundingClientRect();
          return { height, inside: bottom < innerHeight, cut: button.right > innerWidth };
        })`,
      );
      expect(Math.max(...rows.map(({ height }) => height))).toBeLessThanOrEqual(48);
      expect(rows.filter(({ inside }) => inside).length).toBeGreaterThanOrEqual(least);
      expect(rows.filter(({ cut }) => cut)).toEqual([]);
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await sticksOut(page)).toBeLessThanOrEqual(0);
      await picture(page, viewport === PHONE ? 'panel-phone-alerts' : 'panel-alerts');
    }
  });
});
