/** Who may call a route, by the `access` of the route. */
import type { Request, RequestHandler } from 'express';
import { Accounts } from '../../access/accounts.ts';
import { includesRole } from '../../domain/role.ts';
import type { HttpOptions } from '../http-options.ts';
import { queryParameter } from '../query-parameter.ts';
import type { Route } from '../route.ts';
import { ANYBODY, type Caller, setCaller } from './caller.ts';
import { RequestRefused } from './error-answer.ts';
import { FailureLimit } from './rate-limits.ts';

type Options = Pick<HttpOptions, 'token' | 'users' | 'legacyOpen' | 'authFailures'>;

/** @returns the guards of a route */
export function accessCheck(options: Options): (route: Pick<Route, 'access' | 'legacy'>) => RequestHandler[] {
  const failures = new FailureLimit(() => options.authFailures);
  const accounts = currentAccounts(options);
  return ({ access, legacy = false }) => {
    if (access === 'open') return [];
    return [
      async (request, response, next) => {
        const free = accounts().open || (legacy && options.legacyOpen);
        const caller = free ? ANYBODY : await identified(request, accounts(), failures, legacy);
        setCaller(response, caller);
        if (!includesRole(caller.role, access)) {
          throw new RequestRefused(
            403,
            'forbidden',
            `this needs the role ${access}; ${caller.name} has the role ${caller.role}`,
          );
        }
        next();
      },
    ];
  };
}

/** Options may change while the server runs: the accounts are read again when they do. */
export function currentAccounts(options: Pick<HttpOptions, 'token' | 'users'>): () => Accounts {
  let read: { readonly token: string | undefined; readonly users: string | undefined; accounts: Accounts };
  return () => {
    const { token, users } = options;
    if (read?.token !== token || read?.users !== users || !read)
      read = { token, users, accounts: new Accounts(users, token) };
    return read.accounts;
  };
}

/**
 * A right token is looked at before the failures of others from the same address, which are no reason to refuse it.
 * @param inQuery whether `?token=<token>` does as well, for clients that can set no header
 * @throws RequestRefused (401, 429)
 */
async function identified(
  request: Request,
  accounts: Accounts,
  failures: FailureLimit,
  inQuery: boolean,
): Promise<Caller> {
  const token = fromHeader(request) ?? (inQuery ? fromQuery(request) : undefined);
  const account = token === undefined ? null : accounts.ofToken(token);
  if (account) return { name: account.name, role: account.role, by: 'token' };
  if (token !== undefined) await failures.count(request);
  const ways = `the header Authorization: Bearer <token>${inQuery ? ' or ?token=<token>' : ''}`;
  throw new RequestRefused(401, 'unauthorized', `this route needs ${ways}`);
}

function fromHeader(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

function fromQuery(request: Request): string | undefined {
  const given = queryParameter(request, 'token');
  return given.kind === 'value' ? given.text : undefined;
}
