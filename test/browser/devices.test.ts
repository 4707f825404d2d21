/** The list of devices: metrics of one device together, alarms first, favourites, and an order that stands still. */
import type { Page } from 'puppeteer-core';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, evaluate, testBrowser, visit } from '../helpers/browser.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { inPage, live, post, start } from './panel-page.ts';

const MAX_10 = { ALERT_RULES: '[{"max": 10, "missing": "off", "anomaly": "off"}]' };

/** The rows from top to bottom: the key of a series, the name of a device. */
const rows = (page: Page) =>
  evaluate<string[]>(
    page,
    `[...document.querySelectorAll('#rows li')].map((li) => li.dataset.key ?? li.dataset.sensor)`,
  );

const reading = (sensor: string, metric: string, value: number, ts: number) => ({
  ...{ sensor, metric, value, ts },
});

describe.skipIf(!CHROMIUM)('the list of devices', () => {
  const browser = testBrowser();

  it('keeps metrics together, alarms first, then favourites, and remembers them', async () => {
    const { url } = await start(MAX_10);
    const ts = Date.now() - 60_000;
    await post(url, [
      reading('attic', 'temperature', 1, ts),
      ...['humidity', 'pressure', 'temperature'].map((metric) => reading('boiler', metric, 1, ts)),
      reading('cellar', 'temperature', 1, ts),
    ]);
    const { page, errors } = await visit(browser, url);
    await live(page);
    const boiler = ['boiler', 'boiler/humidity', 'boiler/pressure', 'boiler/temperature'];
    // A row that still glides to its place would be missed by a click.
    const shows = (what: string, expected: string[]) =>
      waitFor(
        what,
        async () =>
          (await rows(page)).join() === expected.join() &&
          (await evaluate(page, 'document.getAnimations().length')) === 0,
      );
    await shows('by name', ['attic/temperature', ...boiler, 'cellar/temperature']);
    await post(url, [reading('cellar', 'temperature', 99, ts + 1000)]);
    await shows('the alarm first', ['cellar/temperature', 'attic/temperature', ...boiler]);
    await page.click('#rows .device .star');
    await shows('then the favourite', ['cellar/temperature', ...boiler, 'attic/temperature']);
    await page.select('#sort', 'name');
    await shows('the favourite first', [...boiler, 'attic/temperature', 'cellar/temperature']);
    await page.click('#rows .fold');
    await shows('folded', ['boiler', 'attic/temperature', 'cellar/temperature']);
    await page.reload();
    await live(page);
    await shows('remembered', ['boiler', 'attic/temperature', 'cellar/temperature']);
    // A device says how its worst metric does.
    await post(url, [reading('boiler', 'pressure', 99, ts + 1000)]);
    await inPage(page, 'its state', `document.querySelector('.device .state').dataset.state === 'alarm'`);
    await page.click('#states [value=favourite]');
    await shows('only the favourite', ['boiler']);
    // By keyboard: to the heading, and unfolded.
    await page.click('#states [value=all]');
    await page.focus('#rows a[tabindex="0"]');
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await shows('unfolded', [...boiler, 'attic/temperature', 'cellar/temperature']);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await shows('no favourite', ['attic/temperature', ...boiler, 'cellar/temperature']);
    expect(errors).toEqual([]);
  });

  it('does not move under the pointer', async () => {
    const { url } = await start(MAX_10);
    const ts = Date.now() - 60_000;
    await post(
      url,
      ['a', 'b', 'c'].map((sensor) => reading(sensor, 'm', 1, ts)),
    );
    const { page, errors } = await visit(browser, url);
    await live(page);
    await waitFor('three', async () => (await rows(page)).length === 3);
    await page.hover('#rows li:first-child');
    await post(url, [reading('c', 'm', 99, ts + 1000), reading('d', 'm', 1, ts + 1000)]);
    await inPage(page, 'the alarm', `document.querySelector('#rows [data-state=alarm]')`);
    await inPage(page, 'the count', `document.querySelector('#sensor-count').textContent === '4 of 4'`);
    expect(await rows(page)).toEqual(['a/m', 'b/m', 'c/m']);
    await page.hover('#chart-title');
    await waitFor('the new order', async () => (await rows(page)).join() === 'c/m,a/m,b/m,d/m');
    expect(errors).toEqual([]);
  });

  it('gives a name the width that is free', async () => {
    const { url } = await start();
    const name = 'a-sensor-with-a-rather-long-name';
    await post(url, [reading(name, 'temperature', 21.5, Date.now())]);
    const { page } = await visit(browser, url, { viewport: { width: 1280, height: 800 } });
    await live(page);
    await inPage(page, 'the row', `document.querySelector('#rows .name')`);
    expect(
      await evaluate<number>(
        page,
        `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('#rows .name'))`,
      ),
    ).toBe(0);
  });
});
