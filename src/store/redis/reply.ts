/** What comes back from Redis: binary-safe, with the errors of single commands as values. */
import { StoreUnavailable, VigiaError } from '../../errors.ts';

export type Reply = Buffer | number | null | Error | readonly Reply[];

/** A key holds something that Vigía did not put there, or that this version cannot read. */
export function unusableKey(key: string, why: string, cause?: unknown): VigiaError {
  return new VigiaError('store_key', `Redis key '${key}' ${why}`, { cause });
}

/** @throws VigiaError `store_key` that names `key` when the reply is an error */
export function checked(reply: Reply | undefined, key: string): Exclude<Reply, Error> {
  // A part of the store is away.
  if (reply instanceof StoreUnavailable) throw reply;
  if (reply instanceof Error) {
    if (reply.message.includes('WRONGTYPE')) throw unusableKey(key, 'is of another type', reply);
    throw unusableKey(key, `cannot be used: ${reply.message}`, reply);
  }
  return reply ?? null;
}

export function list(reply: Reply | undefined, key: string): readonly Reply[] {
  return (checked(reply, key) as readonly Reply[] | null) ?? [];
}

export function text(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : String(reply);
}

export function textOrNull(reply: Reply | undefined): string | null {
  return reply === null || reply === undefined ? null : text(reply);
}
