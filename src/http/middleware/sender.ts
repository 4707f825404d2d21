/**
 * Who sends a request: a program, a page of this server, or a page of another site. Browsers add the headers Sec-Fetch-Site,
 * Origin and Referer, and a page can forge none of them. Over plain HTTP under a LAN name browsers send no Sec-Fetch-…
 * header, and with a GET no Origin: a browser that shows no proof then counts as a page of another site.
 */
import type { Request } from 'express';

/**
 * `program`: not a browser. `own`: a page of this server, or a page of a listed origin. `direct`: a person has typed the
 * address or chosen a bookmark. `foreign`: a page of another site, or a browser without a proof.
 */
export type Sender = 'program' | 'own' | 'direct' | 'foreign';

/** @param origins of other sites that may act like pages of this server; `*`: all */
export function senderOf(request: Request, origins: readonly string[]): Sender {
  const { origin, referer, authorization } = request.headers;
  if (isListed(origins, origin)) return 'own';
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin') return 'own';
  if (site === 'none') return 'direct';
  if (site !== undefined) return 'foreign';
  const page = origin ?? referer;
  if (page !== undefined) return isOwnPage(request, page) ? 'own' : 'foreign';
  // A page of another site may send this header only after a preflight request, which is refused.
  if (authorization !== undefined) return 'program';
  return hasBrowserMarks(request) ? 'foreign' : 'program';
}

/** Whether the request is for a page of its own, and not for a part of a page. */
export function isNavigation({ headers }: Request): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination = 'document', accept = '' } = headers;
  if (mode !== undefined) return mode === 'navigate' && destination === 'document';
  return accept.startsWith('text/html');
}

/** @param origin as browsers name it: `https://panel.example` */
export function isListed(origins: readonly string[], origin: string | undefined): boolean {
  return origin !== undefined && (origins.includes('*') || origins.includes(origin));
}

/** Compares the host alone: behind a proxy that ends TLS this server does not know its own scheme. */
function isOwnPage(request: Request, page: string): boolean {
  if (!URL.canParse(page)) return false;
  const { host } = new URL(page);
  return host !== '' && host === request.host?.toLowerCase();
}

function hasBrowserMarks({ headers }: Request): boolean {
  const { 'user-agent': agent = '', 'accept-language': language = '*' } = headers;
  return (
    agent.startsWith('Mozilla/') ||
    // HTTP clients of programming languages send `*`, if anything.
    language !== '*' ||
    'upgrade-insecure-requests' in headers ||
    'sec-ch-ua' in headers
  );
}
