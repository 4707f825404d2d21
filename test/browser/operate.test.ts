/** The view in which the program is operated: what a person changes there holds, and what the role forbids is not offered. */
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
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { fill, inPage, listed, live, post, press, start, sticksOut } from './panel-page.ts';

describe.skipIf(!CHROMIUM)('the view in which the program is operated', () => {
  const browser = testBrowser();

  it('adds, edits and deletes rules, which raise alerts at once', async () => {
    const { url } = await start({ ALERT_RULES: '[{sensor: pump, max: 9, for: 2m}]' });
    await post(url, [{ sensor: 'freezer', metric: 'temperature', value: -18 }]);
    const { page, errors } = await visit(browser, `${url}#/rules`);
    await live(page);
    await press(page, 'Add rule');
    await fill(page, { sensor: 'freez*', max: 'warm' });
    await press(page, 'Save');
    await waitFor('the refusal', async () => (await textOf(page, '.asked .error')).includes('max'));
    await fill(page, { max: '-10,5', missing: '5m' });
    await picture(page, 'panel-rule');
    await press(page, 'Save');
    await waitFor('the rule', async () =>
      (await listed(page)).includes('freez* · * | Maximum: -10.5 · Silence for: 5m'),
    );
    expect(await listed(page)).toContain('pump · * | Maximum: 9 · Only if it lasts: 2m');
    await picture(page, 'panel-rules');
    expect(await accessibilityProblems(page)).toEqual([]);
    await post(url, [{ sensor: 'freezer', metric: 'temperature', value: -5 }]);
    await waitFor('the alert', async () => (await getJson<object[]>(`${url}/api/alerts`)).length === 1);

    // Somebody else changes the rules while this person edits them.
    await press(page, 'Edit');
    const rules = [{ sensor: 'other', metric: '*', min: 1 }];
    await fetch(`${url}/api/alert-rules`, { method: 'PUT', body: JSON.stringify({ revision: 1, rules }) });
    await fill(page, { max: '-12' });
    await press(page, 'Save');
    await waitFor('the refusal', async () => (await textOf(page, '.asked .error')).includes('Somebody else'));
    await press(page, 'Cancel');
    await waitFor('their rules', async () => (await listed(page)).includes('other · * | Minimum: 1'));
    await press(page, 'Delete…');
    await page.click('#question-yes');
    await waitFor('no rule', async () => (await textOf(page, '#operate .empty')).startsWith('No rules'));
    const { rules: left } = await getJson<{ rules: object[] }>(`${url}/api/alert-rules`);
    expect(left).toEqual([]);
    expect(errors.filter((error) => !error.includes('400'))).toEqual([]);
  });

  it('mutes alerts for a time or weekly, and ends mutes', async () => {
    const { url } = await start();
    const { page, errors } = await visit(browser, `${url}#/mutes`);
    await live(page);
    await press(page, 'Mute alerts');
    await fill(page, { sensor: 'boiler', rule: 'max', comment: 'repair', until: '' });
    await evaluate(page, `document.querySelector('.asked [value=sat]').click()`);
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'panel-mute');
    await press(page, 'Mute alerts');
    await waitFor('the mute', async () => (await listed(page))[0]?.startsWith('boiler · *above the maximum'));
    const [line] = await listed(page);
    expect(line).toContain('without an end · weekly on Sat, 02:00 – 04:00');
    expect(line).toContain('| repair');
    await press(page, 'End…');
    await page.click('#question-yes');
    await inPage(page, 'the end', `document.querySelector('#operate h3:last-of-type')`);
    await waitFor('the end', async () => (await textOf(page, '#operate .empty')) === 'No alerts are muted.');
    const [mute] = await getJson<{ weekly: object; active: boolean }[]>(`${url}/api/mutes`);
    expect(mute).toMatchObject({ weekly: { days: ['sat'], start: '02:00', end: '04:00' }, active: false });
    expect(errors).toEqual([]);
  });

  it('offers nothing that the role forbids, and fits on a phone in Spanish', async () => {
    const directory = temporaryDirectory();
    writeFileSync(`${directory}/users`, await userLine('ana', 'viewer', 'geheim'));
    const { url } = await start({
      HTTP_USERS_FILE: `${directory}/users`,
      HTTP_TOKEN: 'admin-token',
      ALERT_RULES: '[{sensor: pump, max: 9}]',
    });
    const { page } = await visit(browser, `${url}/?lang=es#/rules`, { viewport: PHONE });
    const signIn = async (user: string, secret: string) => {
      await page.waitForSelector('#token[open]');
      await evaluate(page, `document.querySelector('#user').value = '${user}'`);
      await page.type('#token-value', secret);
      await page.keyboard.press('Enter');
    };
    const tabs = () =>
      evaluate<string[]>(page, `[...document.querySelectorAll('.tabs a')].map((a) => a.textContent)`);
    const rules = `document.querySelector('#operate .entries')`;
    await signIn('ana', 'geheim');
    await inPage(page, 'the rules', rules);
    expect(await tabs()).not.toContain('Apartados');
    expect(await evaluate(page, `document.querySelectorAll('#operate .part button').length`)).toBe(0);
    await evaluate(page, `document.querySelector('#sign-out').click()`);
    await signIn('', 'admin-token');
    await inPage(page, 'the rules', rules);
    expect(await tabs()).toContain('Apartados');
    await press(page, 'Añadir regla');
    await page.waitForSelector('.asked[open]');
    await picture(page, 'panel-rule-phone');
    expect(await accessibilityProblems(page)).toEqual([]);
    await press(page, 'Cancelar');
    await picture(page, 'panel-rules-phone');
    expect(await sticksOut(page)).toBeLessThanOrEqual(0);
  });
});
