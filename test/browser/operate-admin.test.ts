/** Names and units, models, and the audit log on the panel. */
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { artifactBytes, modelId } from '../../models/artifact.ts';
import { accessibilityProblems, CHROMIUM, picture, testBrowser, textOf, visit } from '../helpers/browser.ts';
import { smallArtifact } from '../helpers/small-model.ts';
import { getJson } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { fill, inPage, listed, live, post, press, row, start } from './panel-page.ts';

describe.skipIf(!CHROMIUM)('in the view in which the program is operated', () => {
  const browser = testBrowser();

  it('a person gives series names and units, which the whole page shows', async () => {
    const { url } = await start();
    await post(url, [
      { sensor: 'x17', metric: 'pressure', value: 1.5 },
      { sensor: 'x18', metric: 'pressure', value: 2 },
    ]);
    const { page, errors } = await visit(browser, `${url}#/names`);
    await live(page);
    const edit = (of: string) => page.click(`#operate button[aria-label="Edit ${of}"]`);
    await page.waitForSelector('#operate .entries');
    await edit('Unit of pressure on every sensor');
    await fill(page, { unit: 'bar' });
    await press(page, 'Save');
    await waitFor('the unit', async () => (await listed(page)).includes('x18 · pressurebar'));
    await edit('x17 · pressure');
    await fill(page, { name: 'Steam <b>drum</b>', unit: 'kPa' });
    await press(page, 'Save');
    await waitFor('the name', async () =>
      (await listed(page)).includes('Steam <b>drum</b>kPa | x17 · pressure'),
    );
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'panel-names');
    await page.click('#views a');
    expect(await textOf(page, `${row('x17/pressure')} .name`)).toBe('Steam <b>drum</b>');
    expect(await textOf(page, `${row('x17/pressure')} .sub`)).toBe('x17 · pressure');
    for (const [key, value] of [
      ['x17/pressure', '1.5\u00a0kPa'],
      ['x18/pressure', '2\u00a0bar'],
    ] as const)
      await waitFor(value, async () => (await textOf(page, `${row(key)} .number`)) === value);
    await page.type('#search', 'steam');
    await inPage(page, 'one row', `document.querySelectorAll('#rows li').length === 1`);
    await page.click(`${row('x17/pressure')} a`);
    await waitFor('the chart', async () => (await textOf(page, '#chart-title')) === 'Steam <b>drum</b>');
    expect(errors).toEqual([]);
  });

  it('a person lets a model score as a shadow, promotes it, and rolls back', async () => {
    const { url } = await start();
    const artifact = smallArtifact('brought', 3);
    const id = modelId(artifact);
    await fetch(`${url}/api/models`, { method: 'POST', body: Buffer.from(artifactBytes(artifact)) });
    const { page, errors } = await visit(browser, `${url}#/models`);
    await live(page);
    await page.waitForSelector('#operate .entries');
    const act = (label: string, of: string) => page.click(`#operate button[aria-label="${label} ${of}"]`);
    await act('Shadow…', id);
    await fill(page, { sensor: 'boiler*' });
    await press(page, 'Start shadow');
    await waitFor('the shadow', async () => (await listed(page))[0]?.includes(`as a shadow: ${id}`));
    const now = Date.now();
    await post(
      url,
      Array.from({ length: 40 }, (_, i) => ({
        sensor: 'boiler',
        metric: 't',
        value: i % 3,
        ts: now - 40 + i,
      })),
    );
    await act('Compare', id);
    await waitFor('the comparison', async () =>
      (await textOf(page, '#operate .comparison:not(:empty)')).includes('boiler · t: '),
    );
    expect(await textOf(page, '#operate .comparison:not(:empty)')).toMatch(
      /scores 1 as a shadow\.\d+ readings · mean error, active \/ shadow: [\d.]+ \/ [\d.]+ · alerts: 0 \/ 0/,
    );
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'panel-models');
    await act('Promote…', id);
    await fill(page, { sensor: 'boiler*' });
    await press(page, 'Promote');
    await waitFor('the promotion', async () => (await listed(page))[0]?.includes(`judged by ${id}`));
    await act('Roll back…', 'boiler* · *');
    await page.click('#question-yes');
    await waitFor('the old one', async () => !(await listed(page))[0]?.includes(`judged by ${id}`));
    // Each of these acts is in the audit log.
    await page.click('.tabs a[href="#/audit"]');
    await waitFor('the log', async () =>
      (await listed(page)).some((act) => act.startsWith('POST /api/models')),
    );
    const acts = (await listed(page)).map((act) => act.slice(0, act.indexOf('done')));
    expect(acts.slice(0, 4)).toEqual([
      'POST /api/models/rollback',
      'POST /api/models/{id}/promote',
      'POST /api/models/{id}/shadow',
      'POST /api/models',
    ]);
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'panel-audit');
    const { history } = await getJson<{ history: object[] }>(`${url}/api/models`);
    expect(history).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('a person sees who is at the broker, and what nobody reads', async () => {
    const { url, mqttUrl } = await start();
    const here = await connectAsync(mqttUrl, { clientId: 'meter-1', clean: false });
    await here.subscribeAsync(['a/#', 'b/#'], { qos: 1 });
    const gone = await connectAsync(mqttUrl, { clientId: 'panel-2', clean: false });
    await gone.subscribeAsync('a/#', { qos: 1 });
    await gone.endAsync();
    await here.publishAsync('a/1', 'x', { qos: 1 });
    await here.publishAsync(
      'tele/boiler/SENSOR',
      '{"Time":"2026-11-30T20:00:00","AM2301":{"Temperature":21.5}}',
    );
    const { page, errors } = await visit(browser, `${url}#/clients`);
    await live(page);
    await waitFor('the clients', async () => (await listed(page)).length === 2);
    const [first, second] = await listed(page);
    expect(first).toMatch(/^meter-1.*127\.0\.0\.1 \| connected for .* · last seen .* ago · subscriptions: 2/);
    expect(second).toMatch(/^panel-2absent.* \| absent for .* · subscriptions: 1 · waiting messages: 1$/);
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'panel-clients');
    await page.type('#operate input[type=search]', 'METER');
    await waitFor('one client', async () => (await listed(page)).length === 1);

    await page.click('.tabs a[href="#/discovery"]');
    await waitFor('the discovery', async () => (await listed(page)).some((line) => line.startsWith('tele/')));
    const tasmota = (await listed(page)).find((line) => line.startsWith('tele/'));
    expect(tasmota).toContain('preset tasmota | 1 message on 1 topic · such as tele/boiler/SENSOR');
    expect(tasmota).toContain('would become boiler/AM2301.Temperature = 21.5');
    expect(await textOf(page, '.proposal')).toContain('presets: [tasmota]');
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'panel-discovery');
    await here.endAsync();
    expect(errors).toEqual([]);
  });
});
