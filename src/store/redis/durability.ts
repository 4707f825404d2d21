/**
 * REDIS_DURABILITY: what a batch waits for after its writes, on the connection that wrote them.
 *
 * `fsync` is as strong as the server's `appendfsync`: with `always` an answer means on disk; with `everysec` a server
 * without redis PR #13793 (Valkey 8.0.1 among them) may answer before the first fsync of a new append-only file.
 */
import { spokenDuration } from '../../domain/duration.ts';
import type { Reply } from './reply.ts';

export type Durability = 'memory' | 'fsync' | 'replicated';

/**
 * @returns how long the server may take to have it on disk or on a replica, ms: it must answer within its timeout, and before
 *   /readyz gives up, which would hide the reason
 */
export function patienceFor(timeoutMs: number): number {
  return Math.min(1500, Math.floor(timeoutMs / 2));
}

export function waitCommand(durability: Durability, patienceMs: number): readonly string[] | undefined {
  if (durability === 'fsync') return ['WAITAOF', '1', '0', String(patienceMs)];
  if (durability === 'replicated') return ['WAIT', '1', String(patienceMs)];
  return undefined;
}

/** @returns why the wait's reply does not mean durable, null if it does */
export function shortfall(
  durability: Durability,
  patienceMs: number,
  reply: Reply | undefined,
): string | null {
  if (durability === 'memory') return null;
  if (reply instanceof Error) return reply.message;
  const reached = durability === 'fsync' ? (reply as readonly number[])[0]! : (reply as number);
  if (reached >= 1) return null;
  return durability === 'fsync'
    ? `not on disk within ${spokenDuration(patienceMs)}`
    : `on no replica within ${spokenDuration(patienceMs)}`;
}
