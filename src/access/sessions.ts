/**
 * Sign-in of a person: the browser keeps a cookie that names the account and says until when it is valid, with a signature.
 * The key of the signature is made of a secret that the replicas share in the store and of what is stored of the account's
 * password or token. So every replica knows every session, and another password, or an account that is gone, ends it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { SecretStore } from '../store/store.ts';
import type { Account, Accounts } from './accounts.ts';

const SECRET = 'session';
/** Longest value that is looked at. */
const MAX_LENGTH = 1000;

const content = z.object({ name: z.string(), kind: z.enum(['user', 'token']), expires: z.int() });

export interface SessionOptions {
  readonly secrets: SecretStore;
  /** How long a session is valid, ms. */
  readonly lifetime: () => number;
  /** ms UTC */
  readonly now: () => number;
}

export class Sessions {
  private secret: Promise<Uint8Array> | null = null;

  constructor(private readonly options: SessionOptions) {}

  /** @returns the value of a cookie, and until when it is valid (ms UTC) @throws StoreUnavailable */
  async begin(account: Account): Promise<{ readonly value: string; readonly expires: number }> {
    const { now, lifetime } = this.options;
    const expires = now() + lifetime();
    const { name, kind } = account;
    const text = Buffer.from(JSON.stringify({ name, kind, expires })).toString('base64url');
    return { value: `${text}.${(await this.signature(account, text)).toString('base64url')}`, expires };
  }

  /** The account that a cookie names, null where it is not valid (any more). @throws StoreUnavailable */
  async account(value: string, accounts: Accounts): Promise<Account | null> {
    const [text = '', signature = ''] = value.length > MAX_LENGTH ? [] : value.split('.');
    const given = parsed(text);
    if (!given || given.expires <= this.options.now()) return null;
    const account = accounts.named(given.name, given.kind);
    if (!account) return null;
    const wanted = await this.signature(account, text);
    const bytes = Buffer.from(signature, 'base64url');
    return bytes.length === wanted.length && timingSafeEqual(bytes, wanted) ? account : null;
  }

  private async signature({ secret }: Account, text: string): Promise<Buffer> {
    this.secret ??= this.options.secrets.get(SECRET).catch((error) => {
      this.secret = null;
      throw error;
    });
    const key = createHmac('sha256', await this.secret)
      .update(secret)
      .digest();
    return createHmac('sha256', key).update(text).digest();
  }
}

function parsed(text: string): z.output<typeof content> | null {
  try {
    return content.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    return null;
  }
}
