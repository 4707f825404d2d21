/** The panel in a real browser, in front of the whole program. */
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { userLine } from '../../src/access/accounts.ts';
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
import { freePort } from '../helpers/child.ts';
import { publishReadings, type TestReading } from '../helpers/publisher.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, type Served, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { chartTests } from './chart.ts';
import { inPage, live, post, row, start, sticksOut } from './panel-page.ts';

/** On a busy machine what was published at once falls silent before it is looked at. */
const UNWATCHED = { ALERT_RULES: '[{"missing": "off"}]' };

/** Readings of the last `count` seconds, as quiet as a sensor in a room. */
function quiet(sensor: string, count: number): TestReading[] {
  const first = Date.now() - count * 1000;
  return Array.from({ length: count }, (_, i) => ({
    sensor,
    ts: first + i * 1000,
    value: Math.round((21 + Math.sin(i / 7) + ((i * 7919) % 13) / 40) * 100) / 100,
  }));
}

/** Rooms that are learnt, and a sensor that has just begun. */
function rooms(): TestReading[] {
  const names = ['boiler', 'cellar', 'greenhouse', 'kitchen', 'office', 'pump', 'roof', 'server-room'];
  return [
    ...names.flatMap((sensor, i) => quiet(sensor, 600).map((r) => ({ ...r, value: r.value + 3 * i }))),
    ...quiet('a-sensor-with-a-rather-long-name-in-building-7', 30),
  ];
}

describe.skipIf(!CHROMIUM)('the panel', () => {
  const browser = testBrowser();

  it('shows a published reading within 2 s, without errors or requests elsewhere', async () => {
    const { url, mqttUrl } = await start();
    const { page, errors, requests } = await visit(browser, url);
    await live(page);
    expect(await textOf(page, '#no-sensors')).toContain('No sensor has published yet');
    expect(await evaluate<boolean>(page, `document.querySelector('#ranges').hidden`)).toBe(true);
    await picture(page, 'panel-empty');
    const { client, done } = publishReadings(mqttUrl, [{ sensor: 'boiler', ts: Date.now(), value: 61.5 }]);
    await done;
    await inPage(
      page,
      'the reading',
      `document.querySelector('${row('boiler/temperature')} .number')?.textContent.includes('61.5')`,
      2000,
    );
    // It is chosen, since there is no other; the second makes a line.
    await client.publishAsync('sensors/boiler/temperature', '62', { qos: 1 });
    await inPage(
      page,
      'the next one on the chart',
      `document.querySelector('#chart-now').textContent.includes('62')`,
      2000,
    );
    await inPage(page, 'the chart', `document.querySelector('#plot canvas')?.width > 100`);
    expect(await textOf(page, '#chart-title')).toBe('boiler · temperature');
    await inPage(
      page,
      'the accounting',
      `document.querySelector('#accounting').textContent.includes('Received')`,
    );
    expect(await textOf(page, '#visits')).toBe('1');
    expect(errors).toEqual([]);
    expect(requests.filter((request) => !request.startsWith(url))).toEqual([]);
  });

  it('marks a spike, lists it as an alert, and acknowledges it', async () => {
    const { url, mqttUrl } = await start(UNWATCHED);
    const normal = quiet('pump', 600);
    await publishReadings(mqttUrl, normal).done;
    const { page, errors } = await visit(browser, `${url}#pump/temperature`);
    await live(page);
    await inPage(
      page,
      'the state',
      `document.querySelector('${row('pump/temperature')} .state')?.textContent === 'Normal'`,
    );
    await publishReadings(mqttUrl, [{ sensor: 'pump', ts: normal.at(-1)!.ts + 500, value: 95 }]).done;
    // The newest reading is at the right edge, 100.
    await inPage(page, 'the mark', `document.querySelector('${row('pump/temperature')} circle[cx="100.0"]')`);
    await inPage(
      page,
      'the alarm',
      `document.querySelector('${row('pump/temperature')} .state').dataset.state === 'alarm'`,
    );
    await inPage(
      page,
      'the alert',
      `document.querySelector('#alerts li[data-open]')?.textContent.includes('95')`,
    );
    await waitFor('the announcement', async () => (await textOf(page, '#announce')).includes('95'));
    const [alert] = await getJson<{ id: string; acknowledged: boolean }[]>(`${url}/api/alerts`);
    expect(alert!.acknowledged).toBe(false);
    await page.click('#alerts li[data-open] .acknowledge');
    await inPage(
      page,
      'the acknowledgement',
      `document.querySelector('#alerts li .done')?.textContent.includes('Acknowledged')`,
    );
    expect((await getJson<{ acknowledged: boolean }[]>(`${url}/api/alerts`))[0]!.acknowledged).toBe(true);
    expect(errors).toEqual([]);
  });

  it('shows that a sensor has fallen silent, and drops one that is deleted', async () => {
    const { url, mqttUrl } = await start({
      ALERT_RULES: '[{"sensor": "pump", "missing": "1s", "anomaly": "off"}]',
      MISSING_PATIENCE: '1s',
      // What is older counts as a recording, which is not watched.
      MAX_CLOCK_SKEW: '2s',
    });
    const { page, errors } = await visit(browser, url);
    await live(page);
    const recorded = [...quiet('boiler', 300), ...quiet('pump', 300)];
    await publishReadings(
      mqttUrl,
      recorded.map((reading) => ({ ...reading, ts: reading.ts - 5000 })),
    ).done;
    // And one in time.
    await publishReadings(mqttUrl, [{ sensor: 'pump', ts: Date.now(), value: 21 }]).done;
    const state = (text: string) =>
      `document.querySelector('${row('pump/temperature')} .state')?.textContent.startsWith('${text}')`;
    await inPage(page, 'the row', `document.querySelector('${row('pump/temperature')}')`);
    await evaluate(page, `location.hash = '#pump/temperature'`);
    await inPage(page, 'the stale state', state('Silent'));
    await inPage(
      page,
      'the stale state at the chart',
      `document.querySelector('#chart-now .state')?.dataset.state === 'silent'`,
    );
    await inPage(page, 'the alert', `document.querySelector('#alerts li[data-open]')`);
    await inPage(
      page,
      'for how long',
      `document.querySelector('#alerts .lasted').textContent.startsWith('for')`,
    );
    await picture(page, 'panel-silent');
    await page.click('#remove');
    await page.waitForSelector('#removal[open]');
    await picture(page, 'panel-delete');
    await page.click('#removal button[value=cancel]');
    expect(await textOf(page, '#chart-title')).toBe('pump · temperature');
    await page.click('#remove');
    await page.waitForSelector('#removal[open]');
    await page.click('#removal button[value=delete]');
    await inPage(page, 'an empty list', `!document.querySelector('${row('pump/temperature')}')`);
    await inPage(page, 'no alert', `!document.querySelector('#alerts li[data-id^="pump"]')`);
    expect(await textOf(page, '#chart-title')).not.toContain('pump');
    expect(errors).toEqual([]);
  });

  it('shows 1,000 sensors, reading sparklines only of those in sight', async () => {
    const { url } = await start();
    const ts = Date.now();
    const sensors = Array.from({ length: 1000 }, (_, i) => `sensor-${i}`);
    await post(
      url,
      sensors.flatMap((sensor, i) =>
        [0, 1].map((n) => ({ sensor, metric: 'm', value: i + n, ts: ts - 1000 + n })),
      ),
    );
    const { page, errors, requests } = await visit(browser, url);
    await inPage(page, 'all rows', `document.querySelectorAll('#rows li').length === 1000`);
    await inPage(page, 'the first sparkline', `document.querySelector('#rows li:first-child path')`);
    const drawn = () => evaluate<number>(page, `document.querySelectorAll('#rows path').length`);
    expect(await drawn()).toBeLessThan(60);
    expect(
      await evaluate<string>(page, `document.querySelector('#rows li:last-child .name').textContent`),
    ).toBe('sensor-999');
    // Again and again, as a person would: rows that come in late move what was at the end.
    await inPage(
      page,
      'the last sparkline',
      `(document.querySelector('#rows').scrollTo(0, 1e9), document.querySelector('#rows li:last-child path'))`,
    );
    expect(await drawn()).toBeLessThan(120);
    expect(requests.filter((request) => request.includes('/api/recent')).length).toBeLessThan(8);
    await picture(page, 'panel-1000-sensors');
    // One stop of the Tab key, and the arrows from there.
    expect(await evaluate(page, `document.querySelectorAll('#rows a[tabindex="0"]').length`)).toBe(1);
    await page.focus('#rows a[tabindex="0"]');
    const focused = () => evaluate<string>(page, `document.activeElement.closest('li').dataset.key`);
    await page.keyboard.press('End');
    expect(await focused()).toBe('sensor-999/m');
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toBe('sensor-998/m');
    await page.keyboard.press('Home');
    expect(await focused()).toBe('sensor-0/m');
    // A link to one that is far down brings it in sight, and the skip link leaves it chosen.
    await evaluate(page, `location.hash = '#sensor-500/m'`);
    await waitFor('the chart', async () => (await textOf(page, '#chart-title')) === 'sensor-500 · m');
    await inPage(page, 'the row in sight', `document.querySelector('${row('sensor-500/m')} path')`);
    await evaluate(page, `document.querySelector('.skip').click()`);
    expect(await evaluate(page, 'document.activeElement.id + location.hash')).toBe(
      'chart-title#sensor-500/m',
    );
    await page.type('#search', 'OR-777');
    await inPage(page, 'one row', `document.querySelectorAll('#rows li:not([hidden])').length === 1`);
    await waitFor('the count', async () => (await textOf(page, '#sensor-count')) === '1 of 1,000');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await inPage(page, 'the row by keyboard', `document.activeElement?.closest('#states, #rows')`);
    await evaluate(page, `document.querySelector('#rows li:not([hidden]) a').focus()`);
    await page.keyboard.press('Enter');
    await waitFor('the chart', async () => (await textOf(page, '#chart-title')) === 'sensor-777 · m');
    expect(errors).toEqual([]);
  }, 60_000);

  it('speaks English and Spanish and remembers which, and so with the theme', async () => {
    const { url, mqttUrl } = await start();
    await publishReadings(mqttUrl, quiet('s', 100)).done;
    const { page, errors } = await visit(browser, url, { theme: 'dark' });
    await live(page);
    const theme = () => evaluate<string>(page, 'document.documentElement.dataset.theme');
    const background = () => evaluate<string>(page, 'getComputedStyle(document.body).backgroundColor');
    expect(await theme()).toBe('dark');
    const dark = await background();
    await page.select('#language', 'es');
    await waitFor('Spanish', async () => (await textOf(page, '#sensors-title')) === 'Sensores');
    expect(await textOf(page, '#live-text')).toBe('En directo');
    expect(await evaluate<string>(page, 'document.documentElement.lang')).toBe('es');
    await page.click('#theme');
    expect(await theme()).toBe('light');
    expect(await background()).not.toBe(dark);
    await page.reload();
    await waitFor('Spanish', async () => (await textOf(page, '#live-text')) === 'En directo');
    expect(await theme()).toBe('light');
    // Every text of the page, so that none is left in the other language.
    const untranslated = `[...document.querySelectorAll('[data-text]')].map((e) => e.textContent).filter((t) => /Sensors|Alerts|Language|Store|forecast|Latest/.test(t))`;
    expect(await evaluate<string[]>(page, untranslated)).toEqual([]);
    await page.goto(`${url}/?lang=en`);
    await live(page);
    expect(errors).toEqual([]);
  });

  it.each([
    ['on a desk, light', 'light', undefined, 'light', 'en'],
    ['on a desk, dark, in Spanish', 'dark-es', undefined, 'dark', 'es'],
    ['on a phone, light, in Spanish', 'phone-es', PHONE, 'light', 'es'],
    ['on a phone, dark', 'phone-dark', PHONE, 'dark', 'en'],
  ] as const)(
    'has no accessibility violations %s, and nothing sticks out',
    async (_, name, viewport, theme, language) => {
      const { url, mqttUrl } = await start(UNWATCHED);
      const normal = rooms();
      await publishReadings(mqttUrl, normal).done;
      const last = normal.findLast(({ sensor }) => sensor === 'pump')!;
      await publishReadings(mqttUrl, [{ sensor: 'pump', ts: last.ts + 1000, value: 95 }]).done;
      const { page, errors } = await visit(browser, `${url}/?lang=${language}#pump/temperature`, {
        theme,
        ...(viewport && { viewport }),
      });
      await inPage(page, 'the alert', `document.querySelector('#alerts li[data-open]')`);
      await inPage(page, 'the chart', `document.querySelector('#plot canvas')`);
      for (const state of ['alarm', 'warmup', 'normal']) {
        await inPage(page, state, `document.querySelector('#rows .state[data-state=${state}]')`);
      }
      await picture(page, `panel-${name}`, viewport !== undefined);
      await evaluate(page, `document.querySelector('#table').open = true`);
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await sticksOut(page)).toBeLessThanOrEqual(0);
      expect(errors).toEqual([]);
    },
  );

  it('says that it is disconnected, and catches up when the server is back', async () => {
    const args = ['--port', String(await freePort()), '--mqtt-port', String(await freePort())];
    const directory = temporaryDirectory();
    const open = (): Promise<Served> => serve(['--no-devices', '--data', directory, ...args]);
    const first = await open();
    await post(first.url, [{ sensor: 's', metric: 'm', value: 1, ts: Date.now() - 2000 }]);
    const { page } = await visit(browser, first.url);
    await live(page);
    await first.kill('SIGTERM');
    await waitFor('the notice', async () => (await textOf(page, '#live-text')).startsWith('Disconnected'));
    expect(await textOf(page, `${row('s/m')} .number`)).toBe('1');
    await picture(page, 'panel-disconnected');
    const second = await open();
    await post(second.url, [{ sensor: 's', metric: 'm', value: 2, ts: Date.now() - 1000 }]);
    await waitFor('the stream again', async () => (await textOf(page, '#live-text')) === 'Live', 20_000);
    await waitFor('what it had missed', async () => (await textOf(page, `${row('s/m')} .number`)) === '2');
    await post(second.url, [{ sensor: 's', metric: 'm', value: 3 }]);
    await waitFor('what is new', async () => (await textOf(page, `${row('s/m')} .number`)) === '3');
  }, 60_000);

  it('stores and checks values by hand, and says what is wrong with them', async () => {
    const { url } = await start();
    const { page, errors } = await visit(browser, url);
    await live(page);
    const result = (text: string) =>
      waitFor(text, async () => (await textOf(page, '#entry-result')).includes(text));
    await page.click('#entry button[value=nuevo]');
    await result('Enter a number');
    expect(await evaluate(page, 'document.activeElement.id')).toBe('entry-value');
    await page.type('#entry-value', '21,5');
    await page.click('#entry button[value=nuevo]');
    await result('21.5\u00a0°C stored');
    await inPage(page, 'the new series', `document.querySelector('${row('manual/temperature')}')`);
    for (let i = 0; i < 10; i++) await fetch(`${url}/nuevo?dato=${21 + (i % 3)}`);
    await page.type('#entry-value', '90');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await result('Anomaly: 90\u00a0°C');
    await inPage(
      page,
      'the value with its unit',
      `document.querySelector('#chart-now').textContent.startsWith('90.0\u00a0°C')`,
    );
    await picture(page, 'panel-manual-entry', true);
    const { readings } = await getJson<{ readings: { value: number }[] }>(`${url}/listar?format=json`);
    expect(readings.map(({ value }) => value)).toEqual([21.5, 21, 22, 23, 21, 22, 23, 21, 22, 23, 21, 90]);
    expect(errors).toEqual([]);
  });

  it('asks for the token where one is set', async () => {
    const { url } = await start({ HTTP_TOKEN: 'geheim', HTTP_LEGACY_ACCESS: 'token' });
    const { page } = await visit(browser, url);
    const enter = async (token: string) => {
      await page.waitForSelector('#token[open]');
      await page.type('#token-value', token);
      await page.keyboard.press('Enter');
    };
    await page.waitForSelector('#token[open]');
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'panel-token');
    // No header takes it.
    await enter('☃');
    await waitFor(
      'the first refusal',
      async () => (await textOf(page, '#token-error')) === 'This token is not accepted.',
    );
    await evaluate(page, `document.querySelector('#token-error').textContent = ''`);
    await enter('falsch');
    await waitFor(
      'the refusal',
      async () => (await textOf(page, '#token-error')) === 'This token is not accepted.',
    );
    await enter('geheim');
    await live(page);
    await post(url, [{ sensor: 's', metric: 'm', value: 7 }], { authorization: 'Bearer geheim' });
    await inPage(page, 'a live reading', `document.querySelector('${row('s/m')}')`);
    await page.type('#entry-value', '5');
    await page.click('#entry button[value=nuevo]');
    await waitFor('the entry', async () => (await textOf(page, '#entry-result')).includes('stored'));
    // The cookie of the session goes with a link, too; no script can read the cookie.
    expect(
      await evaluate<string>(
        page,
        `fetch(document.querySelector('#as-csv').href).then((response) => response.text())`,
      ),
    ).toContain('timestamp,value,expected,score');
    expect(await evaluate<string>(page, 'document.cookie')).toBe('');
    expect(await textOf(page, '#who')).toBe('HTTP_TOKEN (admin)');
    expect((await fetch(`${url}/api/series/s/m/export`)).status).toBe(401);
    await page.reload();
    await live(page);
  });

  it('lets a user sign in with a password, do what the role allows, and sign out', async () => {
    const directory = temporaryDirectory();
    writeFileSync(`${directory}/users`, await userLine('ana', 'viewer', 'geheim'));
    const { url } = await start({ HTTP_USERS_FILE: `${directory}/users` });
    const { page } = await visit(browser, url);
    const enter = async (password: string) => {
      await page.waitForSelector('#token[open]');
      await evaluate(page, `document.querySelector('#user').value = 'ana'`);
      await page.type('#token-value', password);
      await page.keyboard.press('Enter');
    };
    await enter('falsch');
    await waitFor(
      'the refusal',
      async () => (await textOf(page, '#token-error')) === 'User or password is wrong.',
    );
    await enter('geheim');
    await live(page);
    await waitFor('the name', async () => (await textOf(page, '#who')) === 'ana (viewer)');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.type('#entry-sensor', 's');
    await page.type('#entry-value', '5');
    await page.click('#entry button[value=nuevo]');
    await waitFor('the refusal', async () => (await textOf(page, '#entry-result')) !== '');
    expect(await textOf(page, '#entry-result')).toBe('Your role does not allow this.');
    await page.click('#sign-out');
    await page.waitForSelector('#token[open]');
  });

  it('works where the browser keeps nothing, and writes huge numbers short', async () => {
    const { url } = await start();
    await post(url, [{ sensor: 's', metric: 'm', value: 1.7e308 }]);
    const { page, errors } = await visit(browser, 'about:blank');
    await page.evaluateOnNewDocument(`
      for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError'); } });
    `);
    await page.goto(url);
    await live(page);
    expect(await textOf(page, `${row('s/m')} .number`)).toBe('1.7E308');
    await page.select('#language', 'es');
    await page.click('#theme');
    expect(await evaluate(page, 'document.documentElement.dataset.theme')).toBe('dark');
    await page.type('#entry-sensor', 'x'.repeat(300));
    await page.type('#entry-value', '1');
    await page.select('#language', 'en');
    await page.click('#entry button[value=nuevo]');
    await waitFor('the refusal', async () =>
      (await textOf(page, '#entry-result')).startsWith('Enter the name'),
    );
    expect(errors.filter((error) => !error.includes('400'))).toEqual([]);
  });

  chartTests(browser);
});
