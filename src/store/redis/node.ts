/**
 * One Redis server: a connection for commits, which durability may hold up, and one for everything else, which must
 * not wait behind them.
 */
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../../errors.ts';
import { type Call, Connection } from './connection.ts';
import { type Durability, patienceFor, shortfall, waitCommand } from './durability.ts';
import type { Reply } from './reply.ts';

export interface NodeOptions {
  readonly connection: RedisOptions;
  /** How long the server may stay silent while a reply is due, ms. */
  readonly timeout: number;
  readonly durability: Durability;
  readonly logger: Logger;
}

export class Node {
  private readonly queries: Connection;
  private readonly commits: Connection;
  private readonly durability: Durability;
  private readonly patience: number;
  private readonly subscription: RedisOptions & { replyMapping: 'legacy' };

  constructor(
    readonly name: string,
    { connection, timeout, durability, logger }: NodeOptions,
  ) {
    this.subscription = {
      ...connection,
      replyMapping: 'legacy',
      protocol: 2,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: timeout,
      commandTimeout: timeout,
      disconnectTimeout: 200,
      keepAlive: 10_000,
      retryStrategy: () => null,
    };
    this.durability = durability;
    this.patience = patienceFor(timeout);
    this.queries = new Connection(name, connection, timeout, logger);
    this.commits = new Connection(name, connection, timeout, logger);
  }

  /** Begins to connect; see `Connection`. */
  connect(): void {
    this.queries.connect();
    this.commits.connect();
  }

  /** @throws StoreUnavailable with the reason when the current attempt fails */
  async untilReady(): Promise<void> {
    await Promise.all([this.queries.untilReady(), this.commits.untilReady()]);
  }

  get ready(): boolean {
    return this.queries.ready && this.commits.ready;
  }

  run(calls: readonly Call[]): Promise<Reply[]> {
    return this.queries.send(calls);
  }

  /** As `run`, and what was written is as durable as REDIS_DURABILITY says. @throws StoreUnavailable if it is not */
  async commit(calls: readonly Call[]): Promise<Reply[]> {
    const wait = waitCommand(this.durability, this.patience);
    const replies = await this.commits.send(calls, wait);
    const why = wait && shortfall(this.durability, this.patience, replies.pop());
    if (why) throw new StoreUnavailable(`Redis at ${this.name}: REDIS_DURABILITY=${this.durability}: ${why}`);
    return replies;
  }

  /** A client for pub/sub, not connected yet. It does not come back by itself; the caller disconnects it. */
  subscriber(): Redis {
    return new Redis(this.subscription);
  }

  close(): void {
    this.queries.close();
    this.commits.close();
  }
}
