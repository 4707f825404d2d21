/** Makes the connections that REDIS_URL asks for and waits until the server takes writes as durably as configured. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { ConfigurationError, StoreUnavailable } from '../../errors.ts';
import { ClusterServer } from './cluster-server.ts';
import type { Durability } from './durability.ts';
import { Node, type NodeOptions } from './node.ts';
import { type Address, parseRedisUrl, type RedisAddress } from './redis-url.ts';
import { checked } from './reply.ts';
import { type Server, SingleServer } from './server.ts';

export interface ServerOptions {
  readonly url: string;
  readonly durability: Durability;
  /** PEM of the authority that signed the server's certificate; the system's authorities if absent. */
  readonly ca?: string;
  /** How long the server may stay silent while a reply is due, ms. */
  readonly timeout: number;
  /** How long to try for the first connection, ms; Infinity for as long as it takes. */
  readonly patience: number;
  readonly logger: Logger;
}

/** While the server is away, a line in the log this often, ms. */
const LOG_EVERY_MS = 5000;

/**
 * @throws ConfigurationError field REDIS_URL when the server cannot be reached, refuses the password or refuses writes;
 * field REDIS_DURABILITY when it cannot do what that asks for
 */
export async function openServer(options: ServerOptions): Promise<Server> {
  const address = parseRedisUrl(options.url);
  const server = create(address, options);
  const began = performance.now();
  const end = began + options.patience;
  let logged = began;
  try {
    for (let pause = 50; ; pause = Math.min(2 * pause, 1000)) {
      try {
        await server.connect();
        await writable(server);
        break;
      } catch (error) {
        const problem = error as Error;
        if (problem instanceof ConfigurationError) throw problem;
        const rejected =
          /WRONGPASS|NOAUTH|invalid username-password|invalid password|NOPERM|unknown command|appendonly is disabled|DB index is out of range/.test(
            problem.message,
          );
        // A server that loads its data set is there; that takes as long as it takes.
        const loading = problem.message.includes('LOADING');
        if (rejected || (performance.now() > end && !loading)) throw unusable(problem, options.durability);
        if (performance.now() - logged >= LOG_EVERY_MS) {
          logged = performance.now();
          const { message } = unusable(problem, options.durability);
          options.logger.warn(`${message}; trying again`);
        }
        await delay(pause);
      }
    }
    if (logged > began) options.logger.info('the store can be used now');
    return server;
  } catch (error) {
    server.close();
    throw error;
  }
}

function create(address: RedisAddress, { timeout, durability, logger, ca }: ServerOptions): Server {
  const { username, password, db, hosts, primary } = address;
  const tls = address.tls ? (ca === undefined ? {} : { ca }) : undefined;
  const common: RedisOptions = {
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
  };
  const node = (name: string, connection: RedisOptions) => {
    const options: NodeOptions = { connection: { ...common, ...connection }, timeout, durability, logger };
    return new Node(name, options);
  };
  const at = ({ host, port }: Address) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  if (address.mode === 'cluster') {
    return new ClusterServer(
      hosts,
      (place) => node(at(place), { host: place.host, port: place.port }),
      logger,
    );
  }
  if (address.mode === 'single') {
    const { host, port } = hosts[0]!;
    const name = `${at(hosts[0]!)}${db === 0 ? '' : `/${db}`}`;
    return new SingleServer(node(name, { host, port }));
  }
  const { sentinelUsername, sentinelPassword } = address;
  return new SingleServer(
    node(`${primary} (Sentinels ${hosts.map(at).join(', ')})`, {
      sentinels: [...hosts],
      name: primary,
      ...(sentinelUsername !== undefined && { sentinelUsername }),
      ...(sentinelPassword !== undefined && { sentinelPassword }),
      ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
      sentinelRetryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000),
    }),
  );
}

/** Whether every node takes a write, as durably as asked for, and answers reads. Throws if not. */
async function writable(server: Server): Promise<void> {
  await Promise.all(
    (await server.primaries()).map(async ({ node, key }) => {
      const [[reply]] = await Promise.all([
        node.commit([{ key, args: ['SET', key, '1', 'PX', '60000'] }]),
        node.run([{ key, args: ['PING'] }]),
      ]);
      checked(reply, key);
    }),
  );
}

function unusable(problem: Error, durability: Durability): ConfigurationError {
  if (problem.message.includes('REDIS_DURABILITY')) {
    const needs =
      durability === 'fsync'
        ? 'Redis >= 7.2 or Valkey, with appendonly yes (and appendfsync always)'
        : 'at least one connected replica';
    return new ConfigurationError(`${problem.message}; REDIS_DURABILITY=${durability} needs ${needs}`, {
      field: 'REDIS_DURABILITY',
      cause: problem,
    });
  }
  const password = /NOAUTH|WRONGPASS|password/.test(problem.message)
    ? ': the password or user in REDIS_URL is missing or wrong'
    : '';
  const cause = problem instanceof StoreUnavailable ? problem.cause : problem;
  return new ConfigurationError(`REDIS_URL cannot be used: ${problem.message}${password}`, {
    field: 'REDIS_URL',
    cause,
  });
}
