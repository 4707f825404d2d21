/**
 * Who may call the HTTP server: users with a password and named tokens, each with a role, and HTTP_TOKEN as a token of an
 * administrator. The text of HTTP_USERS has one account a line, `name:role:secret`. The secret of a user is the hashed
 * password `$7$<iterations>$<salt>$<hash>` (PBKDF2-SHA512). The secret of a token is `$sha256$<hash>`: a token is random and
 * long, so that one round of SHA-256 is enough. Salt and hash are base64. Empty lines and lines that begin with # are left out.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { PasswordFile, passwordLine } from '../../broker/password-file.ts';
import { ROLES, type Role } from '../domain/role.ts';
import { ConfigurationError } from '../errors.ts';

export interface Account {
  readonly name: string;
  readonly role: Role;
  readonly kind: 'user' | 'token';
  /** What is stored of the password or the token. */
  readonly secret: string;
}

const NAME = /^[^:#\s][^:\r\n]*$/;
const TOKEN_SECRET = /^\$sha256\$([A-Za-z0-9+/]{43}=)$/;
/** A guess of a password costs about 0.1 s of a processor. */
const ITERATIONS = 210_000;

export class Accounts {
  private readonly byName = new Map<string, Account>();
  /** By the base64 of the token's SHA-256. */
  private readonly byToken = new Map<string, Account>();
  private readonly admin: { readonly digest: Buffer; readonly account: Account } | null;
  /** The hashed passwords of the users. */
  readonly passwords: PasswordFile;

  /**
   * @param users text of HTTP_USERS @param token HTTP_TOKEN
   * @throws ConfigurationError (field HTTP_USERS) that names every line at fault, never what is on it
   */
  constructor(users: string | undefined, token: string | undefined) {
    const problems: string[] = [];
    const passwordLines: string[] = [];
    for (const [i, line] of (users ?? '').split(/\r?\n/).entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const account = readLine(line);
      if (typeof account === 'string') problems.push(`line ${i + 1} ${account}`);
      else if (this.byName.has(account.name)) problems.push(`line ${i + 1} names an account a second time`);
      else {
        this.byName.set(account.name, account);
        const [, digest] = TOKEN_SECRET.exec(account.secret) ?? [];
        if (digest !== undefined) this.byToken.set(digest, account);
        else passwordLines[i] = `${account.name}:${account.secret}`;
      }
    }
    if (problems.length > 0) {
      throw new ConfigurationError(
        `HTTP_USERS: ${problems.join(', ')}; make lines with \`vigia passwd <name> --role <role>\``,
        { field: 'HTTP_USERS' },
      );
    }
    this.passwords = new PasswordFile(passwordLines.join('\n'), 'HTTP_USERS');
    this.admin = token === undefined ? null : adminToken(token);
  }

  /** Whether nobody needs to say who he is. */
  get open(): boolean {
    return this.admin === null && this.byName.size === 0;
  }

  /** The account of this token, null where there is none. */
  ofToken(token: string): Account | null {
    const digest = sha256(token);
    if (this.admin && timingSafeEqual(digest, this.admin.digest)) return this.admin.account;
    return this.byToken.get(digest.toString('base64')) ?? null;
  }

  /** The account of this name and kind, null where there is none (any more). */
  named(name: string, kind: Account['kind']): Account | null {
    const account = this.admin?.account.name === name ? this.admin.account : this.byName.get(name);
    return account?.kind === kind ? account : null;
  }
}

/** A line for the file. @throws ConfigurationError (field user) for a name that cannot stand in it */
export async function userLine(name: string, role: Role, password: string): Promise<string> {
  checkName(name);
  const line = await passwordLine(name, password, ITERATIONS);
  return `${name}:${role}:${line.slice(name.length + 1)}`;
}

/** A new token and its line for the file. @throws ConfigurationError (field user) for a name that cannot stand in it */
export function tokenLine(name: string, role: Role): { readonly token: string; readonly line: string } {
  checkName(name);
  const token = randomBytes(32).toString('base64url');
  return { token, line: `${name}:${role}:$sha256$${sha256(token).toString('base64')}` };
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new ConfigurationError('a name must not be empty, contain a colon, or begin with # or a space', {
    field: 'user',
  });
}

/** The account of a line, or what is wrong with the line. */
function readLine(line: string): Account | string {
  const [name = '', role = '', ...rest] = line.split(':');
  const secret = rest.join(':').trim();
  if (!NAME.test(name) || rest.length === 0) return 'is not <name>:<role>:<secret>';
  const known = ROLES.find((each) => each === role);
  if (known === undefined) return `has no role of ${ROLES.join(', ')}`;
  if (TOKEN_SECRET.test(secret)) return { name, role: known, kind: 'token', secret };
  try {
    new PasswordFile(`x:${secret}`, '');
  } catch {
    return 'has a damaged secret';
  }
  return { name, role: known, kind: 'user', secret };
}

function adminToken(token: string) {
  const digest = sha256(token);
  const secret = digest.toString('base64');
  return { digest, account: { name: 'HTTP_TOKEN', role: 'admin', kind: 'token', secret } as const };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
