/** What a chaos run does to replicas, broker and store. Each nemesis heals what it has done before it ends. */
import type { ClockFile } from '../helpers/clock-file.ts';
import { faultLasts } from '../helpers/fault-form.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { Replica } from '../helpers/replica.ts';

export interface Surroundings {
  readonly redis: RedisServer;
  /** Grows when replicas are added. */
  readonly replicas: Replica[];
  /** The clock of the first replica. */
  readonly clock: ClockFile;
  readonly env: Readonly<Record<string, string>>;
  /** From 0 to 1, the same for the same seed. */
  readonly random: () => number;
}

const CLOCK_STEPS = [2000, -2000, 90_000, -90_000, 3_600_000, -3_600_000, 40 * 86_400_000];
const MOST_REPLICAS = 6;

export const NEMESES: Readonly<Record<string, (world: Surroundings) => Promise<void>>> = {
  async killReplica(world) {
    const victim = oneOf(world.replicas, world.random);
    await victim.kill();
    await faultLasts(1000 * world.random());
    victim.spawn();
  },
  async stopReplica(world) {
    const victim = oneOf(world.replicas, world.random);
    victim.signal('SIGSTOP');
    await faultLasts(500 + 4000 * world.random());
    victim.signal('SIGCONT');
  },
  async killAllReplicas({ replicas }) {
    await Promise.all(replicas.map((replica) => replica.kill()));
    for (const replica of replicas) replica.spawn();
  },
  async addReplica({ replicas, env }) {
    if (replicas.length === MOST_REPLICAS) return;
    const replica = new Replica(`replica-${replicas.length + 1}`, env);
    replicas.push(replica);
    replica.spawn();
    await replica.ready();
  },
  async killRedis({ redis, random }) {
    await redis.kill();
    await faultLasts(2000 * random());
    await redis.start();
  },
  async stopRedis({ redis, random }) {
    redis.signal('SIGSTOP');
    await faultLasts(500 + 6000 * random());
    redis.signal('SIGCONT');
  },
  async pauseRedis({ redis, random }) {
    await redis.command('CLIENT', 'PAUSE', String(Math.round(500 + 3000 * random())), 'WRITE');
  },
  async cutConnections({ redis }) {
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
  },
  async stepClock({ clock, random }) {
    clock.set(oneOf(CLOCK_STEPS, random));
    await faultLasts(1000 + 5000 * random());
    clock.set(0);
  },
};

export function oneOf<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}
