/** What the tests of the panel do with it again and again. */
import type { Page } from 'puppeteer-core';
import { evaluate, textOf } from '../helpers/browser.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { type Served, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

export const start = (env: Record<string, string> = {}): Promise<Served> =>
  serve(['--no-devices', '--data', temporaryDirectory()], { env });

export const live = (page: Page) =>
  waitFor('the live stream', async () => (await textOf(page, '#live-text')) === 'Live');

export const row = (key: string) => `#rows li[data-key="${key}"]`;

/** Waits until an expression holds in the page. */
export const inPage = (page: Page, what: string, expression: string, deadlineMs?: number) =>
  waitFor(what, () => evaluate<boolean>(page, `Boolean(${expression})`), deadlineMs);

export const post = (url: string, readings: readonly object[], headers: Record<string, string> = {}) =>
  fetch(`${url}/api/readings`, { method: 'POST', body: JSON.stringify(readings), headers });

export const chooseRange = (page: Page, label: string) =>
  evaluate(
    page,
    `[...document.querySelectorAll('#ranges button')].find((b) => b.textContent === '${label}').click()`,
  );

/** How far something sticks out to the right, px. The window of a phone grows with what is in it: the screen does not. */
export const sticksOut = async (page: Page) =>
  (await evaluate<number>(page, 'document.documentElement.scrollWidth')) - page.viewport()!.width;

/** The button of this text in the part that is shown, or in the dialog that is open. */
export const press = async (page: Page, text: string) => {
  const found = `[...(document.querySelector('dialog[open]') ?? document.querySelector('#operate')).querySelectorAll('button')].find((b) => b.textContent === ${JSON.stringify(text)})`;
  await inPage(page, text, found);
  await evaluate(page, `${found}.click()`);
};

export const fill = async (page: Page, values: Record<string, string>) => {
  await page.waitForSelector('.asked[open]');
  for (const [name, value] of Object.entries(values))
    await evaluate(page, `document.querySelector('.asked [name=${name}]').value = ${JSON.stringify(value)}`);
};

/** The entries of the lists, one text each. */
export const listed = (page: Page) =>
  evaluate<string[]>(
    page,
    `[...document.querySelectorAll('#operate .entries .words')].map((e) => [...e.children].map((c) => c.textContent).join(' | '))`,
  );
