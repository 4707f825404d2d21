/**
 * Refuses requests for a host name that is not this server's. With DNS rebinding a page of `evil.example` lets this name
 * point to the address of a Vigía on the visitor's LAN: for the browser the page and Vigía then have the same origin. The
 * Host header still names `evil.example`.
 */
import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { RequestRefused } from './error-answer.ts';

/**
 * @param names that the server has beside those that no stranger can own: addresses, names without a dot, `localhost`
 *   and names below it. `*.example.org` stands for every name below example.org, and `*` for every name. Asked for at each
 *   request.
 */
export function knownHost(names: () => readonly string[]): RequestHandler {
  return (request, _response, next) => {
    // Behind a trusted proxy `request.host` is the name that the proxy was asked for.
    for (const host of [request.headers.host, request.host]) {
      if (host === undefined || isKnown(hostName(host), names())) continue;
      throw new RequestRefused(
        421,
        'unknown_host',
        `this server is not known as '${hostName(host)}': HTTP_ALLOWED_HOSTS can list the name`,
      );
    }
    next();
  };
}

/** @param host `vigia.lan:4000`, `[::1]:4000` … @returns the name in small letters, without the port and a final dot */
function hostName(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isKnown(name: string, names: readonly string[]): boolean {
  if (isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost')) return true;
  return names.some((known) => {
    const wanted = known.toLowerCase();
    if (wanted === '*' || wanted === name) return true;
    return wanted.startsWith('*.') && name.endsWith(wanted.slice(1));
  });
}
