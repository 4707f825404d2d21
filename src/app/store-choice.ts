/** Which store the settings describe: Redis where REDIS_URL is set, else the embedded store. */
import type { Logger } from 'pino';
import type { Config } from '../settings/config.ts';
import { restoreDatabase } from '../store/embedded/backup.ts';
import { embeddedStoreExists, openEmbeddedStore } from '../store/embedded-store.ts';
import { openRedisStore } from '../store/redis-store.ts';
import type { Store } from '../store/store.ts';

/**
 * The store that the settings describe, for a command that reads it without a server.
 * @param patience how long to try to reach Redis, ms; default 10 s
 * @returns null where the embedded store was never made
 */
export async function openExistingStore(
  config: Config,
  logger: Logger,
  patience?: number,
): Promise<Store | null> {
  if (config.redis.url === undefined && !embeddedStoreExists(config.store.directory)) return null;
  return openStore(config, logger, patience);
}

/** Puts a copy in the place of the embedded store. @returns see `restoreDatabase` */
export function restoreStore(file: string, config: Config): string | null {
  return restoreDatabase(file, config.store.directory);
}

/** @param patience as for `openExistingStore` */
export async function openStore(config: Config, logger: Logger, patience?: number): Promise<Store> {
  const { url, durability, layout, packing, eviction, ca, timeout } = config.redis;
  const {
    directory,
    reserve,
    retention,
    minutesRetention,
    hoursRetention,
    deadLetterMax,
    deadLetterMaxBytes,
    auditMax,
  } = config.store;
  const rollupRetention = { '1m': minutesRetention, '1h': hoursRetention };
  if (url === undefined)
    return openEmbeddedStore({
      directory,
      reserve,
      retention,
      rollupRetention,
      deadLetterMax,
      deadLetterMaxBytes,
      auditMax,
    });
  return openRedisStore({
    url,
    durability,
    layout,
    packing,
    eviction,
    ...(ca !== undefined && { ca }),
    timeout,
    ...(patience !== undefined && { patience }),
    maxClockSkew: config.readings.maxClockSkew,
    retention,
    rollupRetention,
    deadLetterMax,
    deadLetterMaxBytes,
    auditMax,
    logger,
  });
}
