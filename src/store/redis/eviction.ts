/** A server that evicts keys when its memory is full loses acknowledged readings, and nobody is told. Only the policy `noeviction` keeps them. */
import type { Logger } from 'pino';
import { ConfigurationError, StoreUnavailable } from '../../errors.ts';
import { checked, text } from './reply.ts';
import type { Server } from './server.ts';

/** What REDIS_EVICTION says about a server that evicts keys. */
export type Eviction = 'refuse' | 'accept';

/** @throws ConfigurationError (field REDIS_EVICTION) when a primary has another policy and that is not accepted */
export async function checkEviction(server: Server, eviction: Eviction, logger: Logger): Promise<void> {
  for (const { node, key } of await server.primaries()) {
    let policy: string | undefined;
    try {
      const [reply] = await node.run([{ key, args: ['INFO', 'memory'] }]);
      policy = /^maxmemory_policy:(\S+)/m.exec(text(checked(reply, 'INFO memory')))?.[1];
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || !error.message.includes('NOPERM')) throw error;
      logger.warn(
        { server: node.name },
        'the Redis user may not use INFO: the maxmemory-policy is not known',
      );
    }
    if (policy === undefined || policy === 'noeviction') continue;
    const problem = `Redis at ${node.name} has maxmemory-policy ${policy}, which drops stored readings when the memory is full`;
    if (eviction === 'accept') logger.warn(problem);
    else {
      const advice = 'set maxmemory-policy noeviction, or REDIS_EVICTION=accept';
      throw new ConfigurationError(`REDIS_EVICTION: ${problem}: ${advice}`, { field: 'REDIS_EVICTION' });
    }
  }
}
