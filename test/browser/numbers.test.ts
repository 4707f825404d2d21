/** Numbers and times as a person reads them: exact, in the locale, and standing still. */
import { describe, expect, it } from 'vitest';
import { CHROMIUM, evaluate, PHONE, testBrowser, textOf, visit } from '../helpers/browser.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { inPage, live, post, row, start } from './panel-page.ts';

const NBSP = '\u00a0';

describe.skipIf(!CHROMIUM)('numbers on the panel', () => {
  const browser = testBrowser();

  it('are what the API says, with the decimals of the series', async () => {
    const { url } = await start({
      ALERT_RULES: '[{"sensor": "meter", "max": 1234567889, "anomaly": "off"}]',
    });
    const now = Date.now();
    const readings = (sensor: string, metric: string, values: number[]) =>
      values.map((value, i) => ({ sensor, metric, value, ts: now - (values.length - i) * 1000 }));
    await post(url, [
      ...readings('meter', 'energy', [1_234_567_888, 1_234_567_889, 1_234_567_890]),
      ...readings('room', 'temperature', [21.53, 21.25, 21.5]),
      ...readings('lab', 'current', [0.000012, 0.0000115, 0.0000124]),
    ]);
    const { page, errors } = await visit(browser, `${url}#meter/energy`);
    await live(page);
    const value = (key: string) => textOf(page, `${row(key)} .number`);
    await waitFor('the meter', async () => (await value('meter/energy')) === '1,234,567,890');
    await waitFor('two decimals', async () => (await value('room/temperature')) === `21.50${NBSP}°C`);
    await waitFor('seven decimals', async () => (await value('lab/current')) === '0.0000124');
    await inPage(
      page,
      'the chart',
      `document.querySelector('#readout').textContent.includes('1,234,567,890')`,
    );
    // The alert and its limit, and the axis, which shows its labels whole.
    await inPage(
      page,
      'the alert',
      `['1,234,567,890', '1,234,567,889'].every((n) => document.querySelector('#alerts').textContent.includes(n))`,
    );
    const axis = await evaluate<{ labels: string[]; width: number; room: number }>(
      page,
      `(() => {
        const u = charts.findLast((u) => u.root.isConnected);
        const axis = u.axes[1];
        u.ctx.font = '12px system-ui, sans-serif';
        const labels = axis._values;
        return { labels, width: Math.max(...labels.map((l) => u.ctx.measureText(l).width)), room: axis._size };
      })()`,
    );
    expect(axis.labels).toContain('1,234,567,889');
    expect(axis.room).toBeGreaterThan(axis.width);
    expect(axis.room).toBeLessThan(axis.width + 30);

    // The same number where it is written otherwise.
    await page.select('#language', 'es');
    await waitFor('Spain', async () => (await value('meter/energy')) === '1.234.567.890');
    expect(await value('room/temperature')).toBe(`21,50${NBSP}°C`);
    await page.select('#language', 'es-MX');
    await waitFor('Mexico', async () => (await value('meter/energy')) === '1,234,567,890');
    expect(await evaluate(page, 'document.documentElement.lang')).toBe('es-MX');
    expect(await textOf(page, '#sensors-title')).toBe('Sensores');
    expect(errors).toEqual([]);
  });

  it('come with times in the way of the region, and the name of their zone', async () => {
    const { url } = await start();
    await post(url, [{ sensor: 's', metric: 'm', value: 1, ts: Date.now() - 1000 }]);
    const { page } = await visit(browser, 'about:blank');
    await page.emulateTimezone('Europe/Madrid');
    const time = async (lang: string) => {
      await page.goto(`${url}/?lang=${lang}#s/m`);
      await inPage(page, 'the reading', `document.querySelector('#readout').textContent.includes(' · 1')`);
      return textOf(page, '#readout');
    };
    // The browser of the tests is of the States.
    expect(await time('en')).toMatch(/\d{1,2}:\d\d:\d\d\s[AP]M ·/);
    expect(await textOf(page, '#zone')).toMatch(/^Times: Europe\/Madrid \(GMT\+[12]\)$/);
    expect(await time('es')).toMatch(/^\d{1,2}:\d\d:\d\d ·/);
    expect(await textOf(page, '#zone')).toMatch(/^Horas: Europe\/Madrid \(GMT\+[12]\)$/);
    expect(await time('es-MX')).toMatch(/\d{1,2}:\d\d:\d\d\s[ap]\.\s?m\. ·/);
  });

  it.each([
    ['a desk', undefined],
    ['a phone', PHONE],
  ])('move nothing on %s while readings and alerts come', async (_, viewport) => {
    const { url } = await start({
      ALERT_RULES: '[{"max": 10, "anomaly": "off"}]',
    });
    const { page } = await visit(browser, 'about:blank', { ...(viewport && { viewport }) });
    await page.evaluateOnNewDocument(`
      var shifts = [];
      new PerformanceObserver((list) => {
        for (const { value, startTime, hadRecentInput } of list.getEntries())
          if (!hadRecentInput) shifts.push([startTime, value]);
      }).observe({ type: 'layout-shift', buffered: true });
    `);
    const sensors = Array.from({ length: 12 }, (_, i) => `room-${i}`);
    const send = (step: number) =>
      post(
        url,
        sensors.map((sensor, i) => ({
          ...{ sensor, metric: 'temperature' },
          // One after the other passes the limit, and some come back.
          value: (step % 20 > i ? 11 : 1) + step / 100,
          ts: Date.now(),
        })),
      );
    await send(0);
    await page.goto(url);
    await live(page);
    for (let step = 1; step <= 40; step++) {
      await send(step);
      const shown = ((step % 20 > 0 ? 11 : 1) + step / 100).toFixed(2);
      await inPage(page, shown, `document.querySelector('#rows').textContent.includes('${shown}')`);
    }
    const shifts = await evaluate<[number, number][]>(page, 'shifts');
    // The score of the browsers: the worst of all windows of 5 s at most that no second without a shift divides.
    let [worst, sum, begin, before] = [0, 0, 0, -Infinity];
    for (const [t, value] of shifts) {
      if (t - before > 1000 || t - begin > 5000) [sum, begin] = [0, t];
      sum += value;
      before = t;
      worst = Math.max(worst, sum);
    }
    expect(worst).toBeLessThanOrEqual(0.02);
  });
});
