/** The cookie of a session. Scripts cannot read the cookie, and a page of another site cannot make the browser send it. */
import type { Request, Response } from 'express';

/** Browsers share cookies between all ports of a host: the name keeps two servers on one host apart. */
function nameFor(request: Request): string {
  const [, port] = /:(\d+)$/.exec(request.headers.host ?? '') ?? [];
  return port === undefined ? 'vigia_session' : `vigia_session_${port}`;
}

/** The value of the cookie, undefined where there is none. */
export function sessionCookie(request: Request): string | undefined {
  const start = `${nameFor(request)}=`;
  const cookies = (request.headers.cookie ?? '').split(';').map((each) => each.trim());
  return cookies.find((each) => each.startsWith(start))?.slice(start.length);
}

/** @param maxAge ms */
export function setSessionCookie(request: Request, response: Response, value: string, maxAge: number): void {
  response.cookie(nameFor(request), value, { ...optionsFor(request), maxAge });
}

export function clearSessionCookie(request: Request, response: Response): void {
  response.clearCookie(nameFor(request), optionsFor(request));
}

/** `secure` where this server knows that the client uses HTTPS: behind a proxy in TRUST_PROXY. */
function optionsFor(request: Request) {
  return { httpOnly: true, sameSite: 'strict', path: '/', secure: request.secure } as const;
}
