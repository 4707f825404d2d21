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
