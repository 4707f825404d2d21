/** Writes requests into the audit log: every change of state, and every request that is refused for who sends it. */
import type { Request, RequestHandler, Response } from 'express';
import type { Act, AuditLog } from '../../audit/audit-log.ts';
import type { Route } from '../route.ts';
import { callerOf } from './caller.ts';

/** Longest text about the target of an act. */
const MAX_TARGET = 500;

/** Who sends it is not let in, not under this name, or not now. */
const REFUSED: ReadonlySet<number> = new Set([401, 403, 421, 429]);

/** What a request turned out to be about. */
interface Noted {
  route?: Route;
  params?: Readonly<Record<string, string>>;
  detail?: string;
  work?: Promise<unknown>;
  actor?: string;
}

const notes = (response: Response): Noted => {
  response.locals.noted ??= {};
  return response.locals.noted as Noted;
};

/** Goes before the handlers of a route: the entry names the route. */
export function noteRoute(route: Route): RequestHandler {
  return (request, response, next) => {
    Object.assign(notes(response), { route, params: request.params });
    next();
  };
}

export function noteDetail(response: Response, detail: string): void {
  notes(response).detail = detail;
}

/** The name that a caller claims who is not let in. */
export function noteActor(response: Response, actor: string): void {
  notes(response).actor = actor;
}

/** What the handler of the route is doing. */
export function noteWork(response: Response, work: Promise<unknown>): void {
  notes(response).work = work;
}

/** Goes before everything. */
export function auditRequests(audit: Pick<AuditLog, 'record'>): RequestHandler {
  return (request, response, next) => {
    // A client that goes away does not stop the act.
    response.once('close', async () => {
      const [work] = await Promise.allSettled([notes(response).work]);
      const act = actOf(request, response, work.status === 'rejected');
      if (act) audit.record(act);
    });
    next();
  };
}

/** @returns null for what the audit log does not have */
function actOf(request: Request, response: Response, failed: boolean): Act | null {
  const { route, params = {}, detail = null, actor = null } = notes(response);
  const { statusCode: status } = response;
  const caller = callerOf(response);
  const refused = REFUSED.has(status);
  if (!refused) {
    if (!route || (route.method === 'GET' && !route.writes)) return null;
    if (route.storesReadings && caller?.by !== 'session') return null;
  }
  return {
    actor: caller?.name ?? actor,
    role: caller?.role ?? null,
    address: request.ip ?? '',
    action: `${request.method} ${route?.path ?? 'unknown'}`,
    target: targetOf(request, params),
    outcome: refused ? 'refused' : failed || status >= 400 ? 'failed' : 'done',
    status,
    detail,
    requestId: response.get('X-Request-Id') ?? '',
  };
}

/** The parameters of the path and the query, without a token. */
function targetOf(request: Request, params: Readonly<Record<string, string>>): string {
  const [, query = ''] = request.originalUrl.split('?');
  const shown = query.split('&').filter((pair) => pair !== '' && !/^token(=|$)/i.test(decoded(pair)));
  const path = Object.values(params).join('/');
  return (shown.length === 0 ? path : `${path}?${shown.join('&')}`).slice(0, MAX_TARGET);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
