/** The view of messages that could not be stored. */

import { connectAsync } from 'mqtt';
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
import { getJson } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { inPage, live, start } from './panel-page.ts';

describe.skipIf(!CHROMIUM)('the view of dead letters', () => {
  const browser = testBrowser();

  it('lists messages, shows their bytes, and sends them again or deletes them', async () => {
    const { url, mqttUrl } = await start();
    const client = await connectAsync(mqttUrl);
    await client.publishAsync('sensors/boiler/temperature', 'no number', { qos: 1 });
    await client.publishAsync('sensors/pump/temperature', Buffer.from([0xff, 0x00, 0x01]), { qos: 1 });
    await client.endAsync();
    const letters = () => getJson<{ id: string; topic: string }[]>(`${url}/api/dead-letters`);
    await waitFor('two letters', async () => (await letters()).length === 2);
    const { page, errors } = await visit(browser, `${url}#/dead-letters`);
    await live(page);
    await inPage(page, 'the list', `document.querySelectorAll('.entries li').length === 2`);
    const [boiler] = (await letters()).filter(({ topic }) => topic.includes('boiler'));
    const item = `.dead-letters .entries li[data-id="${boiler!.id}"]`;
    await page.click(`${item} summary`);
    await waitFor('the message', async () => (await textOf(page, `${item} pre`)) === 'no number');
    await page.click(`.dead-letters .entries li:not([data-id="${boiler!.id}"]) summary`);
    await inPage(
      page,
      'bytes that are no text',
      `[...document.querySelectorAll('.entries pre')].some((pre) => pre.textContent === 'ff 00 01')`,
    );
    await picture(page, 'panel-dead-letters');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.click(`${item} .buttons button:first-child`);
    await waitFor('the answer', async () =>
      (await textOf(page, `${item} .result`)).startsWith('Still refused'),
    );
    await page.click(`${item} .buttons button:last-child`);
    await page.click('#question [value=no]');
    expect(await letters()).toHaveLength(2);
    await page.click(`${item} .buttons button:last-child`);
    await page.click('#question-yes');
    await inPage(page, 'one letter', `document.querySelectorAll('.entries li').length === 1`);
    expect(await letters()).toHaveLength(1);
    await page.select('#language', 'es');
    await waitFor('Spanish', async () => (await textOf(page, '#operate-title')) === 'Apartados');
    expect(await evaluate(page, `document.querySelector('.alerts').clientHeight`)).toBe(0);
    expect(errors).toEqual([]);
  });
});
