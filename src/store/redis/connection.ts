/**
 * One connection to one Redis node. It promises that nothing waits in a queue: a command is sent now or refused now,
 * a server that stays silent loses the connection (so that no late reply can be taken for another), and the connection
 * is made anew until it succeeds. The connection never repeats a command by itself.
 */
import { Command, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../../errors.ts';
import type { Reply } from './reply.ts';
import type { Script } from './script.ts';

export type Argument = string | Buffer;

/** A command, and the script behind its digest where it is an EVALSHA. */
export interface Call {
  /** Decides which node of a Cluster it goes to. */
  readonly key: string;
  readonly args: readonly Argument[];
  readonly script?: Script;
}

/** Replies that say that the server cannot do it just now, whatever was asked. */
const NOT_NOW =
  /(?:^|-)(OOM|LOADING|READONLY|MISCONF|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|BUSY|NOAUTH|WRONGPASS|UNBLOCKED)\s/;
/**
 * The user may not run a command, directly or in a script. Where the user may not use a key, only what is under that key is
 * at fault.
 */
const NO_COMMAND =
  /NOPERM.* run |^ERR (?:ACL failure in script: .* run |The user executing the script can't run )/;

/**
 * A command whose bytes are put together at once: every part of a command is written to its buffer by one call. The client's own
 * way measures and writes each argument alone, which takes several times as long for the arguments of a commit.
 */
class WholeCommand extends Command {
  override toWritable(): string | Buffer {
    const { name, args } = this as unknown as { name: string; args: readonly Argument[] };
    const parts: (string | Buffer)[] = [];
    let text = `*${args.length + 1}\r\n$${Buffer.byteLength(name)}\r\n${name}\r\n`;
    let length = 0;
    for (const arg of args) {
      if (typeof arg === 'string') {
        text += `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`;
        continue;
      }
      text += `$${arg.length}\r\n`;
      length += Buffer.byteLength(text) + arg.length;
      parts.push(text, arg);
      text = '\r\n';
    }
    if (parts.length === 0) return text;
    parts.push(text);
    const bytes = Buffer.allocUnsafe(length + Buffer.byteLength(text));
    let at = 0;
    for (const part of parts) {
      if (typeof part === 'string') at += bytes.write(part, at);
      else at += part.copy(bytes, at);
    }
    return bytes;
  }
}

export class Connection {
  readonly redis: Redis;
  private problem: Error | null = null;
  private closed = false;

  /**
   * @param name for messages, without a password
   * @param timeoutMs how long the server may stay silent while a reply is due
   */
  constructor(
    readonly name: string,
    options: RedisOptions,
    private readonly timeoutMs: number,
    logger: Logger,
  ) {
    const settings: RedisOptions & { replyMapping: 'legacy' } = {
      ...options,
      replyMapping: 'legacy',
      // RESP2 reads alike on every server; numbers of time series come as their shortest exact text.
      protocol: 2,
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: timeoutMs,
      connectTimeout: timeoutMs,
      disconnectTimeout: 200,
      keepAlive: 10_000,
      retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000) * (0.75 + Math.random() / 2),
      // After a failover the address may belong to the new primary.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    };
    this.redis = new Redis(settings);
    let away = false;
    const lost = (error: Error) => {
      this.problem = error;
      if (!away) logger.warn({ server: name, err: error }, 'no connection to Redis; trying again');
      away = true;
    };
    let refused = false;
    this.redis.on('connect', () => {
      refused = false;
    });
    this.redis.on('error', (error: Error & { command?: { name: string } }) => {
      // To disconnect causes further errors, which would hide the reason.
      if (refused) return;
      lost(error);
      // The client would go on in database 0.
      refused = error.command?.name === 'select';
      if (refused) this.redis.disconnect(true);
    });
    this.redis.on('close', () => {
      if (!this.closed) lost(this.problem ?? new Error('connection closed by the server'));
    });
    this.redis.on('ready', () => {
      if (away) logger.info({ server: name }, 'Redis is back');
      away = false;
      this.problem = null;
    });
  }

  /** Begins to connect, once; what goes wrong is tried again, for ever. */
  connect(): void {
    if (this.redis.status === 'wait') this.redis.connect().catch(() => undefined);
  }

  /** Resolves when connected. @throws StoreUnavailable with the reason when the current attempt fails */
  async untilReady(): Promise<void> {
    if (this.ready) return;
    const { redis } = this;
    await new Promise<void>((resolve, reject) => {
      const settle = (done: () => void) => () => {
        for (const [event, listener] of Object.entries(listeners)) redis.off(event, listener);
        clearTimeout(timer);
        done();
      };
      const fail = settle(() => reject(this.unavailable(this.problem ?? new Error('not connected'))));
      const listeners = { ready: settle(resolve), close: fail, end: fail };
      for (const [event, listener] of Object.entries(listeners)) redis.on(event, listener);
      const timer = setTimeout(fail, this.timeoutMs);
    });
  }

  get ready(): boolean {
    return this.redis.status === 'ready';
  }

  /**
   * Sends all commands at once, followed by `last` where given, whose reply comes last.
   * @throws StoreUnavailable when the connection breaks, or any reply says that the server cannot do it now
   */
  async send(calls: readonly Call[], last?: readonly string[]): Promise<Reply[]> {
    let replies = await this.write(last ? [...calls, { key: '', args: last }] : calls);
    const missing = calls.filter((_, i) => isMissingScript(replies[i]));
    if (missing.length > 0) {
      const scripts = new Set(missing.flatMap(({ script }) => (script ? [script] : [])));
      await this.write([...scripts].map(({ text }) => ({ key: '', args: ['SCRIPT', 'LOAD', text] })));
      const again = await this.write(last ? [...missing, { key: '', args: last }] : missing);
      let next = 0;
      replies = replies.map((reply, i) =>
        i >= calls.length || isMissingScript(reply) ? again[next++]! : reply,
      );
    }
    for (const reply of replies) {
      if (!(reply instanceof Error)) continue;
      if (NOT_NOW.test(reply.message) || NO_COMMAND.test(reply.message)) throw this.unavailable(reply);
    }
    return replies;
  }

  private async write(calls: readonly Call[]): Promise<Reply[]> {
    const { redis } = this;
    if (!this.ready) throw this.unavailable(this.problem ?? new Error('not connected'));
    const { stream } = redis;
    stream.cork();
    const pending = calls.map(({ args }) => {
      const command = new WholeCommand(args[0] as string, args.slice(1), { replyEncoding: null });
      redis.sendCommand(command);
      return command.promise as Promise<Reply>;
    });
    stream.uncork();
    const settled = await Promise.allSettled(pending);
    return settled.map((result) => {
      if (result.status === 'fulfilled') return result.value;
      const error = result.reason as Error;
      if (error.name !== 'ReplyError') throw this.unavailable(this.problem ?? error);
      return error;
    });
  }

  private unavailable(cause: Error): StoreUnavailable {
    return new StoreUnavailable(`Redis at ${this.name}: ${cause.message}`, { cause });
  }

  close(): void {
    this.closed = true;
    this.redis.disconnect();
  }
}

function isMissingScript(reply: Reply | undefined): boolean {
  return reply instanceof Error && reply.message.startsWith('NOSCRIPT');
}
