/**
 * Real Redis (or Valkey) servers for tests: started on a free port without a configuration file, in a directory of
 * their own, and gone when the test that asked for them is.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { waitFor } from './wait-for.ts';

/** Whether a program is installed. */
export function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

/** Whether the installed `program`, redis-server or valkey-server, is of this version or a later one. */
export function isAtLeast(program: string, major: number, minor: number): boolean {
  const said = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout;
  const [, x, y] = /v=(\d+)\.(\d+)/.exec(said)!.map(Number) as [number, number, number];
  return x > major || (x === major && y >= minor);
}

/** Options with which redis-server is one that does not know WAITAOF, which came with Redis 7.2. */
export function withoutWaitaof(): string[] {
  return isAtLeast('redis-server', 7, 2) ? ['--rename-command', 'WAITAOF', ''] : [];
}

/** A port that is free now; with `also`, so is the port that many above it. */
export async function freePort(also = 0): Promise<number> {
  for (;;) {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, 'close');
    if (also === 0) return port;
    if (port + also > 65535) continue;
    const second = createServer().listen(port + also, '127.0.0.1');
    const free = await Promise.race([
      once(second, 'listening').then(() => true),
      once(second, 'error').then(() => false),
    ]);
    second.close();
    if (free) return port;
  }
}

export interface RedisServerOptions {
  readonly program?: string;
  readonly port?: number;
  /** Lines of a Sentinel's configuration; the server is a Sentinel then. */
  readonly sentinel?: readonly string[];
}

export class RedisServer {
  private child: ChildProcess | null = null;

  private constructor(
    private readonly program: string,
    readonly port: number,
    private readonly directory: string,
    private readonly args: readonly string[],
  ) {}

  /** @param args options as on the command line, e.g. `--appendonly`, `yes`; the directory is its own */
  static async start(args: readonly string[] = [], options: RedisServerOptions = {}): Promise<RedisServer> {
    const { program = 'redis-server', sentinel } = options;
    const directory = mkdtempSync(join(tmpdir(), 'vigia-redis-'));
    const port = options.port ?? (await freePort());
    const file = join(directory, 'sentinel.conf');
    if (sentinel) writeFileSync(file, sentinel.join('\n'));
    const all = sentinel ? [file, '--sentinel', ...args] : ['--save', '', ...args];
    const server = new RedisServer(program, port, directory, all);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again on the same port with the same files, and resolves when it answers. */
  async start(): Promise<void> {
    const [first, ...rest] = this.args;
    const network = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.directory];
    // A configuration file comes first.
    const args = first?.startsWith('--') ? [...network, ...this.args] : [first!, ...rest, ...network];
    const child = spawn(this.program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output = (output + data).slice(-2000);
      });
    }
    await waitFor(`${this.program} on port ${this.port}`, () => {
      if (child.exitCode !== null) throw new Error(output);
      return this.answers();
    });
  }

  private async answers(): Promise<boolean> {
    const client = this.client({ retryStrategy: () => null, lazyConnect: true, enableReadyCheck: false });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.ping();
      return true;
    } catch (error) {
      // A password, a certificate or a replica without its primary: it answers, and that is all that is asked here.
      return /NOAUTH|NOPERM|MASTERDOWN|DENIED/.test((error as Error).message);
    } finally {
      client.disconnect();
    }
  }

  /** A client of the test's own; the caller disconnects it. */
  client(options: RedisOptions = {}): Redis {
    const settings: RedisOptions & { replyMapping: 'legacy' } = {
      port: this.port,
      host: '127.0.0.1',
      protocol: 2,
      ...options,
      replyMapping: 'legacy',
    };
    return new Redis(settings);
  }

  /** Runs one command on a connection of its own. */
  async command(...args: readonly string[]): Promise<unknown> {
    const client = this.client();
    try {
      return await client.call(...(args as [string, ...string[]]));
    } finally {
      client.disconnect();
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  /** Ends it without a chance to say good-bye; `start` brings it back with its files. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Ends it and removes its files. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
