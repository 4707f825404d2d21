/**
 * The page at `/` and its files. The page is static but for which replica answered and how often it was asked for over
 * all replicas. It also shows while the store is down, because that is when somebody looks.
 */
import { Router } from 'express';
import { within } from './deadline.ts';
import { escapeHtml } from './html.ts';
import type { HttpOptions } from './http-options.ts';
import { panelFiles, servePanelFiles } from './panel-files.ts';

const VISITS_DEADLINE_MS = 1_000;

/** Everything from this server, nothing inline, nothing foreign. */
const PANEL_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join(';');

export function panelRoutes({ store, hostname }: Pick<HttpOptions, 'store' | 'hostname'>): Router {
  const router = Router();
  const files = panelFiles();
  const page = files.get('index.html')!.bytes.toString();
  router.use('/panel', servePanelFiles(files));
  router.get('/', async (request, response) => {
    let visits = '';
    try {
      // HEAD comes from monitors, not from visitors.
      if (request.method === 'GET') {
        visits = String(
          await within(VISITS_DEADLINE_MS, 'the store is slow', store.counters.increment('visits')),
        );
      }
    } catch {
      // The store's own trouble is logged where it is noticed first; the page says what it can.
    }
    response
      .set({ 'Cache-Control': 'no-store', 'Content-Security-Policy': PANEL_POLICY })
      .type('html')
      .send(
        page.replace(/\{\{(\w+)\}\}/g, (_, name) =>
          name === 'hostname' ? escapeHtml(hostname) : visits || 'unknown',
        ),
      );
  });
  return router;
}
