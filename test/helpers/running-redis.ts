import { onTestFinished } from 'vitest';
import { has, RedisServer } from './redis-server.ts';

export const REDIS = has('redis-server');

/** A Redis that is gone when the current test ends. */
export async function startRedis(args: readonly string[] = []): Promise<RedisServer> {
  const server = await RedisServer.start(args);
  onTestFinished(() => server.stop());
  return server;
}

/** The same with everything it answers on disk first, so that killing it loses nothing. */
export function startDurableRedis(): Promise<RedisServer> {
  return startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
}
