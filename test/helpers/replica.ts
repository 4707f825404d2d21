/** Replicas of `vigia bridge` that faults are done to. */
import { type Child, waitForOutput } from './child.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { vigia } from './vigia.ts';
import { waitFor } from './wait-for.ts';

/** Machines that run the suite beside other things start a process slowly. */
export const START_DEADLINE = 60_000;

export class Replica {
  private child: Child | null = null;
  private opened: Promise<string> | null = null;

  constructor(
    readonly id: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** Starts the process, or starts it again under the same client id; does not wait for it. */
  spawn(): void {
    const child = vigia(['bridge', '--port', '0', '--data', temporaryDirectory()], {
      env: { MQTT_CLIENT_ID: this.id, ...this.env },
    });
    this.child = child;
    this.opened = waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/, START_DEADLINE).then(([, url]) => url!);
    this.opened.catch(() => {});
  }

  /** Base of its HTTP addresses, once it serves them. */
  get url(): Promise<string> {
    return this.opened ?? Promise.reject(new Error(`${this.id} was never started`));
  }

  /** Resolves when it reaches the broker and the store. */
  async ready(deadlineMs = START_DEADLINE): Promise<void> {
    const url = await this.url;
    await waitFor(`${this.id} to be ready`, async () => (await fetch(`${url}/readyz`)).ok, deadlineMs);
  }

  /** Everything that the process of now has written. */
  get output(): string {
    return this.child?.output() ?? '';
  }

  /** Whether the process has ended by itself, which none of the faults may bring about. */
  get ended(): boolean {
    const process = this.child?.process;
    return process !== undefined && (process.exitCode !== null || process.signalCode !== null);
  }

  /** SIGTERM; the exit code, or the signal's name. */
  async stop(): Promise<number | string | undefined> {
    await this.child?.kill('SIGTERM');
    return this.child?.exited;
  }

  /** Stops it for a while, or lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.process.kill(name);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.child?.kill('SIGKILL');
  }
}

/** Replicas of one group, started and subscribed: what is published before a first subscription goes nowhere. */
export async function startReplicas(
  count: number,
  env: Readonly<Record<string, string>>,
  name = 'replica',
): Promise<Replica[]> {
  const replicas = Array.from({ length: count }, (_, i) => new Replica(`${name}-${i + 1}`, env));
  for (const replica of replicas) replica.spawn();
  await Promise.all(replicas.map((replica) => replica.ready()));
  return replicas;
}
