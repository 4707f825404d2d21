import { getPriority, setPriority } from 'node:os';
import type { Logger } from 'pino';

/**
 * Gives the thread that receives, scores and commits a lower priority; the threads of V8 keep theirs. The priority is never
 * raised, because raising it takes a privilege.
 */
export function lowerPriority(nice: number, logger: Logger): void {
  try {
    if (getPriority() < nice) setPriority(nice);
  } catch (error) {
    logger.warn({ err: error }, 'BRIDGE_NICE: the system does not allow it');
  }
}
