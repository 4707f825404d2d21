/** Charts of several series, moved by the mouse, and the address that names what they show. */
import type { Page } from 'puppeteer-core';
import { describe, expect, it } from 'vitest';
import {
  accessibilityProblems,
  CHROMIUM,
  evaluate,
  picture,
  testBrowser,
  textOf,
  visit,
} from '../helpers/browser.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { inPage, live, post, start } from './panel-page.ts';

const MINUTE = 60_000;

interface Shown {
  readonly from: number;
  readonly to: number;
  /** Columns of data of each chart on the page. */
  readonly columns: number[];
  readonly units: string[];
}

const shown = (page: Page) =>
  evaluate<Shown>(
    page,
    `(() => {
      const on = charts.filter((u) => u.root.isConnected);
      const { min, max } = on[0].scales.x;
      return {
        from: min * 1000, to: max * 1000,
        columns: on.map((u) => u.data.length),
        units: on.flatMap((u) => u.axes.slice(1).map((axis) => axis.label)),
      };
    })()`,
  );

const hash = (page: Page) => evaluate<string>(page, 'location.hash');

/** The middle of the first chart, px. */
const middle = (page: Page) =>
  evaluate<{ x: number; y: number; width: number }>(
    page,
    `(({ left, top, width, height }) => ({ x: left + width / 2, y: top + height / 2, width }))(
      charts.findLast((u) => u.root.isConnected).over.getBoundingClientRect())`,
  );

const readings = (sensor: string, metric: string, value: (i: number) => number, now: number) =>
  Array.from({ length: 600 }, (_, i) => ({
    ...{ sensor, metric, value: value(i), ts: now - (600 - i) * 1000 },
  }));

/** A boiler at 20 °C to 22 °C, its pressure, and a limit at 22.5 °C. */
async function plant() {
  const { url } = await start({
    ALERT_RULES: '[{"metric": "temperature", "max": 22.5, "missing": "off", "anomaly": "off"}]',
  });
  const now = Date.now();
  await post(
    url,
    [
      ...readings('boiler', 'temperature', (i) => 20 + (i % 3), now),
      ...readings('boiler', 'pressure', (i) => 1000 + (i % 5), now),
      ...readings('room', 'temperature', (i) => 18 + (i % 2) / 2, now),
    ].slice(0, 1000),
  );
  await post(
    url,
    readings('room', 'temperature', (i) => 18 + (i % 2) / 2, now),
  );
  await post(
    url,
    readings('boiler', 'pressure', (i) => 1000 + (i % 5), now),
  );
  return { url, now };
}

describe.skipIf(!CHROMIUM)('charts', () => {
  const browser = testBrowser();

  it('lay several series over each other or one below the other, as the address says', async () => {
    const { url } = await plant();
    const { page, errors } = await visit(browser, `${url}#boiler/temperature`);
    await live(page);
    const stats = () => textOf(page, '#stats');
    await waitFor('minimum and maximum', async () => /minimum 20.*maximum 22/.test(await stats()));
    expect(await stats()).toContain('average 21.0');
    await page.click('#compare');
    await page.click('#rows li[data-key="room/temperature"] a');
    await page.click('#rows li[data-key="boiler/pressure"] a');
    expect(await hash(page)).toBe('#boiler/temperature,room/temperature,boiler/pressure');
    await waitFor('three lines', async () => (await shown(page)).columns.join() === '4');
    // One axis for each unit.
    expect((await shown(page)).units).toEqual(['°C', '']);
    await waitFor('a legend of three', async () => (await stats()).includes('1,000'));
    await picture(page, 'panel-overlay');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.click('#layout');
    await waitFor('three charts', async () => (await shown(page)).columns.join() === '6,6,6');
    // The same time is at the same place in all of them, with a unit or without.
    await inPage(
      page,
      'one axis of time',
      `new Set(charts.filter((u) => u.root.isConnected).map(({ bbox }) => bbox.left + ' ' + bbox.width)).size === 1`,
    );
    expect(await hash(page)).toContain('?layout=stacked');
    await picture(page, 'panel-stacked');
    // The same from the address alone.
    const address = `${url}/${await hash(page)}`;
    await page.goto('about:blank');
    await page.goto(address);
    await live(page);
    await waitFor('three charts', async () => (await shown(page)).columns.join() === '6,6,6');
    await page.click('#stats li:nth-child(2) .removal');
    await waitFor('two', async () => (await shown(page)).columns.join() === '6,6');
    expect(await hash(page)).toBe('#boiler/temperature,boiler/pressure?layout=stacked');
    expect(errors).toEqual([]);
  });

  it('go where wheel, shift and double click want them, and where one types', async () => {
    const { url, now } = await plant();
    const { page, errors } = await visit(browser, `${url}#boiler/temperature`);
    await live(page);
    await waitFor('the readings', async () => (await textOf(page, '#stats')).includes('minimum'));
    const before = await shown(page);
    const { x, y, width } = await middle(page);
    await page.mouse.move(x + 0.4 * width, y);
    await inPage(page, 'the tooltip', `document.querySelector('#tooltip').textContent.includes('°C')`);
    await page.mouse.wheel({ deltaY: -400 });
    await waitFor('half the time', async () => (await hash(page)).includes('from='));
    const zoomed = await shown(page);
    expect((zoomed.to - zoomed.from) / (before.to - before.from)).toBeCloseTo(0.5, 1);
    // What is under the pointer stays there.
    expect(
      (before.from + 0.9 * (before.to - before.from) - zoomed.from) / (zoomed.to - zoomed.from),
    ).toBeCloseTo(0.9, 1);
    await page.keyboard.down('Shift');
    await page.mouse.down();
    await page.mouse.move(x + 0.45 * width, y, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    const dragged = await shown(page);
    expect((zoomed.from - dragged.from) / (zoomed.to - zoomed.from)).toBeCloseTo(0.05, 2);
    await page.mouse.click(x, y, { count: 2 });
    expect((await shown(page)).from).toBeCloseTo(zoomed.from, -3);
    await page.mouse.click(x, y, { count: 2 });
    await inPage(page, 'now again', `document.querySelector('#follow').hidden`);
    expect(await hash(page)).toBe('#boiler/temperature');
    // A time of one's own.
    await page.click('#choose-period');
    await page.waitForSelector('#period[open]');
    const type = (id: string, t: number) =>
      evaluate(
        page,
        `document.querySelector('#${id}').value = new Date(${t} - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 19)`,
      );
    const [from, to] = [
      Math.floor(now / 1000) * 1000 - 8 * MINUTE,
      Math.floor(now / 1000) * 1000 - 6 * MINUTE,
    ];
    await type('period-from', to);
    await type('period-to', from);
    await page.click('#period [value=show]');
    await waitFor('the refusal', async () => (await textOf(page, '#period-error')) !== '');
    await type('period-from', from);
    await type('period-to', to);
    await page.click('#period [value=show]');
    await waitFor('the time', async () => (await hash(page)) === `#boiler/temperature?from=${from}&to=${to}`);
    expect(await shown(page)).toMatchObject({ from, to });
    expect(errors).toEqual([]);
  });

  it('draw the limits of rules, and fill a wall in kiosk mode', async () => {
    const { url } = await plant();
    const { page, errors } = await visit(browser, `${url}#boiler/temperature?last=5m&kiosk=1`);
    await live(page);
    await inPage(page, 'the limit', `!document.querySelector('.k-limit').hidden`);
    const { from, to } = await shown(page);
    expect(to - from).toBe(5 * MINUTE);
    const colour = await evaluate<number[]>(
      page,
      `(() => {
        const u = charts.findLast((u) => u.root.isConnected);
        const y = Math.round(u.valToPos(22.5, 'y', true));
        const row = u.ctx.getImageData(u.bbox.left, y - 1, u.bbox.width, 3).data;
        let red = 0;
        for (let i = 0; i < row.length; i += 4) if (row[i] > 150 && row[i + 1] < 150 && row[i + 3] > 0) red++;
        return red / u.bbox.width;
      })()`,
    );
    expect(colour).toBeGreaterThan(0.2);
    const seen = (selector: string) =>
      evaluate<number>(page, `document.querySelector('${selector}').getBoundingClientRect().height`);
    expect(await seen('.sensors')).toBe(0);
    expect(await seen('#plot')).toBeGreaterThan(600);
    await picture(page, 'panel-kiosk');
    await page.click('#kiosk');
    expect(await seen('.sensors')).toBeGreaterThan(0);
    expect(await hash(page)).toBe('#boiler/temperature?last=5m');
    expect(errors).toEqual([]);
  });
});
