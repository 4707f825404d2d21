/** The chart of the panel, by what uPlot is given to draw: a canvas cannot be read, and looks alike when it is wrong. */
import type { Browser, Page } from 'puppeteer-core';
import { describe, expect, it } from 'vitest';
import { evaluate, picture, textOf, visit } from '../helpers/browser.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { chooseRange, inPage, live, post, row, start } from './panel-page.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

interface Drawn {
  /** ms */
  readonly t: number[];
  readonly low: (number | null)[];
  readonly high: (number | null)[];
  readonly value: (number | null)[];
  readonly anomaly: (number | null)[];
  readonly from: number;
  readonly to: number;
  readonly unit: string;
}

/** The chart that is on the page; `watchCharts` in helpers/browser.ts has noted it. */
const CHART = `charts.findLast((u) => u.root.isConnected)`;

const drawn = (page: Page) =>
  evaluate<Drawn>(
    page,
    `(() => {
      const u = ${CHART};
      const [t, low, high, , value, anomaly] = u.data;
      const { min, max } = u.scales.x;
      const ms = (s) => Math.round(s * 1000);
      return { t: t.map(ms), low, high, value, anomaly, from: ms(min), to: ms(max), unit: u.axes[1].label };
    })()`,
  );

/** Waits until the chart shows what is wanted. */
const shows = (page: Page, what: string, wanted: (chart: Drawn) => boolean) =>
  waitFor(what, async () => {
    const chart = await drawn(page);
    return wanted(chart) ? chart : null;
  });

/** Where the drawing is on the page, px. */
const place = (page: Page) =>
  evaluate<{ left: number; top: number; width: number; height: number }>(
    page,
    `(({ left, top, width, height }) => ({ left, top, width, height }))(${CHART}.over.getBoundingClientRect())`,
  );

/** The colour at the top of the chart at a time: red where an alert is marked. */
const colourAt = (page: Page, t: number) =>
  evaluate<number[]>(
    page,
    `(() => {
      const u = ${CHART};
      const x = Math.round(u.valToPos(${t / 1000}, 'x', true));
      return [...u.ctx.getImageData(x, u.bbox.top + 3, 1, 1).data.slice(0, 3)];
    })()`,
  );
const RED = [179, 38, 30];

/** A reading every 10 minutes for 35 days, with one spike. */
function months() {
  const count = 5040;
  const first = Math.floor(Date.now() / MINUTE) * MINUTE - (count - 1) * 10 * MINUTE;
  const readings = Array.from({ length: count }, (_, i) => ({
    sensor: 'boiler',
    metric: 'temperature',
    ts: first + i * 10 * MINUTE,
    value: Math.round((21 + 2 * Math.sin(i / 23) + ((i * 7919) % 13) / 20) * 100) / 100,
  }));
  const spike = readings[count - 144 * 12]!;
  spike.value = 60;
  return { readings, spike };
}

export function chartTests(browser: () => Browser): void {
  describe('its chart', () => {
    it('shows months in averages and an alert in its readings, and moves through time', async () => {
      const { url } = await start({ RETENTION: '60d' });
      const { readings, spike } = months();
      for (let i = 0; i < readings.length; i += 1000) await post(url, readings.slice(i, i + 1000));
      const { page, errors } = await visit(browser, `${url}#boiler/temperature`);
      await live(page);

      await chooseRange(page, '30 d');
      const month = await shows(page, 'averages', ({ t }) => t.length > 200 && t.length < 300);
      expect(month.to - month.from).toBeCloseTo(30 * DAY, -4);
      expect(month.t.at(-1)).toBeLessThanOrEqual(month.to);
      expect(await textOf(page, '#legend-value')).toBe('average');
      const width = 180 * MINUTE;
      for (const i of [50, 150]) {
        const start = month.t[i]! - width / 2;
        const values = readings.filter(({ ts }) => ts >= start && ts < start + width).map((r) => r.value);
        expect(values).toHaveLength(18);
        expect(month.value[i]).toBeCloseTo(values.reduce((a, b) => a + b) / values.length, 6);
        expect([month.low[i], month.high[i]]).toEqual([Math.min(...values), Math.max(...values)]);
      }
      expect(Math.max(...month.high.map(Number))).toBe(60);
      await waitFor('the mark', async () => String(await colourAt(page, spike.ts)) === String(RED));
      expect(await colourAt(page, spike.ts - 2 * DAY)).not.toEqual(RED);
      await picture(page, 'panel-month');
      // What was in averages is not taken for readings.
      await chooseRange(page, '1 d');
      await waitFor('readings', async () => (await textOf(page, '#legend-value')) === 'value');
      const day = await drawn(page);
      expect(day.to - day.from).toBeCloseTo(DAY, -3);
      expect(day.value.filter((_, i) => day.t[i]! >= day.from)).toEqual(
        readings.filter(({ ts }) => ts >= day.from).map(({ value }) => value),
      );
      // The band reaches the left edge.
      expect(day.low[day.t.findIndex((t) => t >= day.from)]).toBeTypeOf('number');

      await page.click('#alert-states [value=all]');
      await inPage(page, 'the alert', `document.querySelector('#alerts a[href$="@${spike.ts}"]')`);
      await evaluate(page, `document.querySelector('#alerts a[href$="@${spike.ts}"]').click()`);
      const moment = await shows(page, 'the moment of the alert', ({ t }) => t.includes(spike.ts));
      const at = moment.t.indexOf(spike.ts);
      expect([moment.value[at], moment.anomaly[at]]).toEqual([60, 60]);
      expect(moment.from).toBeLessThan(spike.ts);
      expect(moment.to).toBeGreaterThan(spike.ts);
      // Wide enough for a series this slow.
      expect(moment.t.filter((t) => t >= moment.from && t <= moment.to).length).toBeGreaterThan(30);
      expect(await colourAt(page, spike.ts)).toEqual(RED);
      expect(await textOf(page, '#time-shown')).toContain('–');
      expect(await evaluate(page, `document.querySelector('#follow').hidden`)).toBe(false);
      await picture(page, 'panel-zoom');

      // The mouse chooses a part.
      const { left, top, width: across, height } = await place(page);
      await page.mouse.move(left + across * 0.5, top + height / 2);
      await page.mouse.down();
      await page.mouse.move(left + across * 0.75, top + height / 2, { steps: 3 });
      await page.mouse.up();
      const span = moment.to - moment.from;
      const part = await shows(page, 'the part', ({ from, to }) => to - from < span / 2);
      expect((part.from - moment.from) / span).toBeCloseTo(0.5, 1);
      expect((part.to - moment.from) / span).toBeCloseTo(0.75, 1);
      expect(await evaluate(page, 'location.hash')).toMatch(/^#boiler\/temperature\?from=\d+&to=\d+$/);
      await page.click('#earlier');
      const before = await shows(page, 'what was before', ({ from }) => from < part.from);
      expect(before.to - part.from).toBeCloseTo((part.to - part.from) / 2, -3);

      // A finger drags it along.
      const touch = await page.touchscreen.touchStart(left + across * 0.25, top + height / 2);
      await touch.move(left + across * 0.5, top + height / 2);
      await touch.move(left + across * 0.75, top + height / 2);
      await touch.end();
      const dragged = await shows(page, 'what was dragged there', ({ from }) => from < before.from);
      expect((before.from - dragged.from) / (before.to - before.from)).toBeCloseTo(0.5, 1);
      await inPage(
        page,
        'its readings',
        `${CHART}.data[0][0] * 1000 <= ${dragged.from} && ${CHART}.data[0].at(-1) * 1000 > ${dragged.from}`,
      );
      await page.click('#follow');
      await shows(page, 'now again', ({ to }) => Date.now() - to < MINUTE);
      expect(errors).toEqual([]);
    }, 60_000);

    it('keeps the point under the mouse, knows the unit, and says when it could not read', async () => {
      const { url } = await start();
      const now = Date.now();
      const reading = (sensor: string, metric: string, ts: number, value: number) => ({
        ...{ sensor, metric, ts, value },
      });
      await post(url, [
        ...Array.from({ length: 60 }, (_, i) => reading('a', 'temperature', now - (60 - i) * 5000, 20 + i)),
        ...Array.from({ length: 60 }, (_, i) => reading('b', 'humidity', now - (60 - i) * 5000, 40)),
      ]);
      const { page } = await visit(browser, `${url}#a/temperature`);
      await live(page);
      await shows(page, 'all readings', ({ t, unit }) => t.length === 60 && unit === '°C');
      const { left, top, width, height } = await place(page);
      const point = await evaluate<number>(page, `${CHART}.valToPos(${(now - 150_000) / 1000}, 'x')`);
      expect(point).toBeLessThan(width);
      await page.mouse.move(left + point, top + height / 2);
      await waitFor('the point', async () => (await textOf(page, '#readout')).includes('50\u00a0°C'));
      await post(url, [reading('a', 'temperature', now, 99)]);
      await shows(page, 'the new one', ({ value }) => value.at(-1) === 99);
      expect(await textOf(page, '#readout')).toContain('50\u00a0°C');
      await page.mouse.move(0, 0);
      await waitFor('the newest', async () => (await textOf(page, '#readout')).includes('99\u00a0°C'));
      expect(await textOf(page, '#chart-summary')).toMatch(/^Points: 6\d, from 20\u00a0°C to/);

      await evaluate(page, `document.querySelector('${row('b/humidity')} a').click()`);
      await shows(page, 'no unit', ({ value, unit }) => unit !== '°C' && value.at(-1) === 40);
      expect(await textOf(page, '#chart-summary')).toBe('Points: 60, from 40 to 40. Alerts: 0.');

      await page.setRequestInterception(true);
      let broken = true;
      page.on('request', (request) => {
        void (broken && request.url().includes('/chart?')
          ? request.respond({ status: 503, body: '{}' })
          : request.continue());
      });
      await chooseRange(page, '7 d');
      await page.waitForSelector('#chart-problem', { visible: true });
      broken = false;
      await page.click('#again');
      await page.waitForSelector('#chart-problem', { hidden: true });
    });
  });
}
