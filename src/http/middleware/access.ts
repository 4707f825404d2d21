/**
 * Who may call a route, by the `access` of the route. A caller shows who it is with a token in a header or with the cookie
 * of a session (access/sessions.ts).
 */
import type { Request, RequestHandler, Response } from 'express';
import { Logins } from '../../../broker/logins.ts';
import { type Account, Accounts } from '../../access/accounts.ts';
import { Sessions } from '../../access/sessions.ts';
import { includesRole } from '../../domain/role.ts';
import type { HttpOptions } from '../http-options.ts';
import { queryParameter } from '../query-parameter.ts';
import type { Route } from '../route.ts';
import { noteActor } from './audit.ts';
import { ANYBODY, type Caller, setCaller } from './caller.ts';
import { RequestRefused } from './error-answer.ts';
import { FailureLimit } from './rate-limits.ts';
import { senderOf } from './sender.ts';
import { clearSessionCookie, sessionCookie, setSessionCookie } from './session-cookie.ts';

type Options = Pick<
  HttpOptions,
  'token' | 'users' | 'legacyOpen' | 'authFailures' | 'store' | 'sessionLifetime' | 'signIn' | 'now'
>;

/** What a person signs in with. */
export type Credentials = { readonly token: string } | { readonly user: string; readonly password: string };

export class Access {
  private readonly failures: FailureLimit;
  private readonly logins: Logins;
  private readonly sessions: Sessions;
  private read: { readonly token: unknown; readonly users: unknown; readonly accounts: Accounts } | null =
    null;

  constructor(private readonly options: Options) {
    const { signIn, store, now = Date.now } = options;
    this.failures = new FailureLimit(() => options.authFailures);
    this.logins = new Logins(signIn);
    this.sessions = new Sessions({ secrets: store.secrets, lifetime: () => options.sessionLifetime, now });
  }

  /** What runs before a route. */
  guards(route: Pick<Route, 'access' | 'legacy' | 'writes'>): RequestHandler[] {
    const { access } = route;
    if (access === 'open') return [];
    const legacy = route.legacy === true;
    return [
      async (request, response, next) => {
        const free = this.accounts.open || (legacy && this.options.legacyOpen);
        const writes = route.writes === true || !['GET', 'HEAD'].includes(request.method);
        const caller = free ? ANYBODY : await this.caller(request, legacy, writes);
        setCaller(response, caller);
        if (!includesRole(caller.role, access)) {
          const why = `this needs the role ${access}; ${caller.name} has the role ${caller.role}`;
          throw new RequestRefused(403, 'forbidden', why);
        }
        next();
      },
    ];
  }

  /**
   * Begins a session: the answer sets its cookie.
   * @returns the caller, and until when the session is valid (ms UTC); null: nobody needs to sign in
   * @throws RequestRefused (401, 429), StoreUnavailable
   */
  async signIn(
    request: Request,
    response: Response,
    credentials: Credentials,
  ): Promise<{ readonly caller: Caller; readonly expires: number | null }> {
    if (this.accounts.open) return { caller: ANYBODY, expires: null };
    const account =
      'token' in credentials
        ? await this.ofToken(request, credentials.token)
        : await this.ofPassword(request, response, credentials.user, credentials.password);
    const { value, expires } = await this.sessions.begin(account);
    setSessionCookie(request, response, value, this.options.sessionLifetime);
    const caller = callerFrom(account, 'session');
    setCaller(response, caller);
    return { caller, expires };
  }

  /** The answer takes the cookie away. */
  signOut(request: Request, response: Response): void {
    clearSessionCookie(request, response);
  }

  /** Options may change while the server runs: the accounts are then read again. */
  private get accounts(): Accounts {
    const { token, users } = this.options;
    if (!this.read || this.read.token !== token || this.read.users !== users)
      this.read = { token, users, accounts: new Accounts(users, token) };
    return this.read.accounts;
  }

  /** @throws RequestRefused (401, 429), StoreUnavailable */
  private async caller(request: Request, legacy: boolean, writes: boolean): Promise<Caller> {
    const token = fromHeader(request) ?? (legacy ? fromQuery(request) : undefined);
    if (token !== undefined) return callerFrom(await this.ofToken(request, token), 'token');
    const cookie = sessionCookie(request);
    // A page on another port of this host is the same site: the browser sends the cookie with what such a page writes.
    if (cookie !== undefined && !(writes && senderOf(request, []) === 'foreign')) {
      const account = await this.sessions.account(cookie, this.accounts);
      if (account) return callerFrom(account, 'session');
    }
    const ways = `the header Authorization: Bearer <token>${legacy ? ' or ?token=<token>' : ''}`;
    throw new RequestRefused(401, 'unauthorized', `this route needs ${ways}`);
  }

  /** A right token is never refused for the wrong ones of others at its address. */
  private async ofToken(request: Request, token: string): Promise<Account> {
    const account = this.accounts.ofToken(token);
    if (account) return account;
    await this.failures.count(request);
    throw new RequestRefused(401, 'unauthorized', 'the token is wrong');
  }

  private async ofPassword(
    request: Request,
    response: Response,
    user: string,
    password: string,
  ): Promise<Account> {
    noteActor(response, user);
    const { accounts } = this;
    const failure = await this.logins.check(accounts.passwords, {
      user,
      password: Buffer.from(password),
      clientId: '',
      address: request.ip ?? '',
      abandoned: () => response.closed,
    });
    if (failure === 'login-ban' || failure === 'login-busy') {
      const why = 'too many sign-ins of this user at this address: try again in a moment';
      throw new RequestRefused(429, 'rate_limited', why, { retryAfter: 5 });
    }
    const account = failure === null ? accounts.named(user, 'user') : null;
    if (account) return account;
    throw new RequestRefused(401, 'unauthorized', 'user or password is wrong');
  }
}

function callerFrom({ name, role }: Account, by: 'token' | 'session'): Caller {
  return { name, role, by };
}

function fromHeader(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}

function fromQuery(request: Request): string | undefined {
  const given = queryParameter(request, 'token');
  return given.kind === 'value' ? given.text : undefined;
}
