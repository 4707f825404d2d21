/**
 * The page of the panel at `/`. The page is static except for the name of the replica that answered and the number of visits
 * over all replicas. The page is also shown while the store is down, because that is when somebody looks.
 */
import { escapeHtml } from '../html.ts';
import type { HttpOptions } from '../http-options.ts';
import { within } from '../ops/deadline.ts';
import { route, SENT } from '../route.ts';
import { encode, encodingFor } from './encoding.ts';

const VISITS_DEADLINE_MS = 1_000;

/** Everything comes from this server; nothing is inline, nothing comes from elsewhere. */
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

type Options = Pick<HttpOptions, 'store' | 'hostname'>;

/** @param page the HTML with `{{hostname}}` and `{{visits}}` @param docs the HTML of the page that shows /openapi.json */
export const pageRoutes = (options: Options, page: string, docs: string) => [
  showPanel(options, page),
  showDocs(docs),
];

const showPanel = ({ store, hostname }: Options, page: string) =>
  route({
    method: 'GET',
    path: '/',
    tag: 'operation',
    summary: 'The panel',
    access: 'open',
    otherTypes: ['text/html'],
    async handler({ request, response }) {
      let visits = '';
      try {
        // A HEAD request comes from a monitor, not from a visitor.
        if (request.method === 'GET') {
          visits = String(
            await within(VISITS_DEADLINE_MS, 'the store is slow', store.counters.increment('visits')),
          );
        }
      } catch {
        // Trouble of the store is logged by the pipeline. The page shows what it can.
      }
      const html = page.replace(/\{\{(\w+)\}\}/g, (_, name) =>
        name === 'hostname' ? escapeHtml(hostname) : visits || 'unknown',
      );
      response
        .set({ 'Cache-Control': 'no-store', 'Content-Security-Policy': PANEL_POLICY })
        .vary('Accept-Encoding')
        .type('html');
      const encoding = encodingFor(request);
      if (encoding) response.set('Content-Encoding', encoding).send(encode(Buffer.from(html), encoding));
      else response.send(html);
      return SENT;
    },
  });

const showDocs = (html: string) =>
  route({
    method: 'GET',
    path: '/docs',
    tag: 'operation',
    summary: 'This document as a page',
    access: 'open',
    otherTypes: ['text/html'],
    handler({ response }) {
      response.set({ 'Cache-Control': 'no-cache', 'Content-Security-Policy': PANEL_POLICY });
      response.type('html').send(html);
      return SENT;
    },
  });
