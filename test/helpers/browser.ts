/** Headless Chromium on the panel. A page notes every error, and every request that goes elsewhere. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { findProgram } from './program.ts';

export const CHROMIUM = findProgram('chromium');

export const DESKTOP = { width: 1360, height: 850 };
export const PHONE = { width: 390, height: 844, hasTouch: true, isMobile: true };

export interface Visit {
  readonly page: Page;
  /** Errors of the page: exceptions, and what the console calls errors. */
  readonly errors: string[];
  readonly requests: string[];
}

/** @param names that lead to this machine, as names of a LAN or of the internet would */
export function launchBrowser(names: readonly string[] = []): Promise<Browser> {
  // As root, as in containers, Chromium runs only without its sandbox.
  const args = ['--no-sandbox', '--disable-gpu', '--lang=en-US'];
  if (names.length > 0)
    args.push(`--host-resolver-rules=${names.map((name) => `MAP ${name} 127.0.0.1`).join(',')}`);
  return puppeteer.launch({ executablePath: CHROMIUM!, args });
}

/** The browser of all tests of a `describe`; call it there. */
export function testBrowser(names: readonly string[] = []): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchBrowser(names);
  });
  afterAll(() => browser?.close());
  return () => browser!;
}

export interface VisitOptions {
  readonly viewport?: typeof DESKTOP;
  readonly theme?: 'light' | 'dark';
}

/** Opens an address in a profile of its own, which is gone when the test ends. */
export async function visit(browser: () => Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const context = await browser().createBrowserContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.setViewport(options.viewport ?? DESKTOP);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: options.theme ?? 'light' }]);
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.evaluateOnNewDocument(watchCharts);
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  return { page, errors, requests };
}

/** Notes every chart that the page makes in `charts`. */
const watchCharts = `
  var charts = [];
  let Plot;
  Object.defineProperty(window, 'uPlot', {
    get: () => Plot,
    set(original) {
      Plot = function (...given) {
        const made = new original(...given);
        charts.push(made);
        return made;
      };
      Object.assign(Plot, original);
    },
  });
`;

/** An expression in the page; the project's own code knows no DOM. */
export function evaluate<T>(page: Page, expression: string): Promise<T> {
  return page.evaluate(expression) as Promise<T>;
}

/** The text of the first element that matches, '' if there is none. */
export function textOf(page: Page, selector: string): Promise<string> {
  return evaluate(page, `document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong, as `rule: element`. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return evaluate(
    page,
    "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 200))))",
  );
}

/** Takes a picture for the documentation where SCREENSHOTS names a directory (`npm run screenshots`). */
export async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  const directory = process.env.SCREENSHOTS;
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  const viewport = page.viewport()!;
  if (fullPage) {
    // What is out of sight is not laid out, and would be blank.
    const height = await evaluate<number>(page, 'document.documentElement.scrollHeight');
    await page.setViewport({ ...viewport, height });
  }
  await evaluate(page, 'new Promise((resolve) => setTimeout(resolve, 300))');
  await page.screenshot({ path: join(directory, `${name}.png`) as `${string}.png` });
  if (fullPage) await page.setViewport(viewport);
}
