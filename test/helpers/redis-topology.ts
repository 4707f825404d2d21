/** Several Redis servers that fail over: behind Sentinels, or as a Cluster. Gone when the current test ends. */
import { onTestFinished } from 'vitest';
import { faultLasts } from './fault-form.ts';
import { freePort, RedisServer, type RedisServerOptions } from './redis-server.ts';
import { waitFor } from './wait-for.ts';

const DEADLINE = 60_000;
/** Long enough that a busy machine is not taken for a dead server. */
const DOWN_AFTER = 2000;

export interface Topology {
  /** For REDIS_URL. */
  readonly url: string;
  /** Runs a command on whichever server takes it. */
  command(...args: readonly string[]): Promise<unknown>;
  /**
   * Kills a primary (in a Cluster the one with the most keys) after a second in which its replicas got nothing of what it wrote, and resolves with it when one of
   * them has taken its place: what was acknowledged without a replica is then certainly lost.
   */
  failOver(): Promise<RedisServer>;
}

async function start(args: readonly string[], options: RedisServerOptions = {}): Promise<RedisServer> {
  const server = await RedisServer.start(args, options);
  onTestFinished(() => server.stop());
  return server;
}

/** The primary dies a second after it was cut off from its replicas. */
async function killAlone(primary: RedisServer, replicas: readonly RedisServer[]): Promise<void> {
  for (const replica of replicas) replica.signal('SIGSTOP');
  await primary.command('CLIENT', 'KILL', 'TYPE', 'replica');
  await faultLasts(1000);
  await primary.kill();
  for (const replica of replicas) replica.signal('SIGCONT');
}

/** The first answer that is no error. */
async function commandAt(servers: readonly RedisServer[], args: readonly string[]): Promise<unknown> {
  let reason: unknown;
  for (const server of servers) {
    try {
      return await server.command(...args);
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}

const isPrimary = async (server: RedisServer) =>
  /role:master/.test(String(await server.command('INFO', 'replication')));

/**
 * A primary with two replicas, so that one is left to replicate to after a failover, and three Sentinels.
 */
export async function startSentinels(): Promise<Topology> {
  const primary = await start([]);
  const replicas: RedisServer[] = [];
  for (let i = 0; i < 2; i++) replicas.push(await start(['--replicaof', `127.0.0.1 ${primary.port}`]));
  const sentinels: RedisServer[] = [];
  for (let i = 0; i < 3; i++) {
    const sentinel = [
      `sentinel monitor main 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds main ${DOWN_AFTER}`,
      'sentinel failover-timeout main 10000',
    ];
    sentinels.push(await start([], { sentinel }));
  }
  await waitFor(
    'the Sentinels to know each other and the replicas',
    async () => {
      const states = await Promise.all(
        sentinels.map((sentinel) => sentinel.command('SENTINEL', 'MASTER', 'main')),
      );
      return states.every((state) => {
        const fields = state as string[];
        const of = (name: string) => fields[fields.indexOf(name) + 1];
        return of('num-other-sentinels') === '2' && of('num-slaves') === '2';
      });
    },
    DEADLINE,
  );
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/main`,
    async command(...args) {
      for (const replica of replicas) if (await isPrimary(replica)) return replica.command(...args);
      return primary.command(...args);
    },
    async failOver() {
      await killAlone(primary, replicas);
      await waitFor(
        'a replica to be promoted',
        async () => (await Promise.all(replicas.map(isPrimary))).includes(true),
        DEADLINE,
      );
      return primary;
    },
  };
}

export interface Cluster extends Topology {
  /** Kills the primary and the replica that have this key. @returns starts both again, with their files */
  loseShardOf(key: string): Promise<() => Promise<void>>;
}

/** Three primaries with a replica each. @param extra options of every server */
export async function startCluster(extra: readonly string[] = []): Promise<Cluster> {
  const nodes: RedisServer[] = [];
  for (let i = 0; i < 6; i++) {
    // The Cluster's own bus listens 10,000 above each port.
    const port = await freePort(10_000);
    const args = [...extra, '--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`];
    nodes.push(await start([...args, '--cluster-node-timeout', String(DOWN_AFTER)], { port }));
  }
  const primaries = nodes.slice(0, 3);
  const replicas = nodes.slice(3);
  for (const node of nodes) await node.command('CLUSTER', 'MEET', '127.0.0.1', String(nodes[0]!.port));
  for (const [i, primary] of primaries.entries()) {
    const [from, to] = [Math.floor((16384 * i) / 3), Math.floor((16384 * (i + 1)) / 3) - 1];
    await primary.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
  }
  const info = (node: RedisServer) => node.command('CLUSTER', 'INFO').then(String);
  await waitFor(
    'the nodes to know each other',
    async () => (await Promise.all(nodes.map(info))).every((text) => text.includes('known_nodes:6')),
    DEADLINE,
  );
  for (const [i, replica] of replicas.entries()) {
    await replica.command('CLUSTER', 'REPLICATE', String(await primaries[i]!.command('CLUSTER', 'MYID')));
  }
  await waitFor(
    'the Cluster and its replicas',
    async () => {
      const ok = (await Promise.all(nodes.map(info))).every((text) => text.includes('cluster_state:ok'));
      const links = await Promise.all(replicas.map((node) => node.command('INFO', 'replication')));
      return ok && links.every((link) => String(link).includes('master_link_status:up'));
    },
    DEADLINE,
  );
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    command: (...args) => commandAt(nodes, args),
    async loseShardOf(key) {
      const slot = Number(await nodes[0]!.command('CLUSTER', 'KEYSLOT', key));
      const shard = Math.min(2, Math.floor((slot * 3) / 16384));
      const lost = [replicas[shard]!, primaries[shard]!];
      await Promise.all(lost.map((server) => server.kill()));
      return async () => {
        await Promise.all(lost.map((server) => server.start()));
      };
    },
    async failOver() {
      const sizes = await Promise.all(primaries.map(async (node) => Number(await node.command('DBSIZE'))));
      const busiest = sizes.indexOf(Math.max(...sizes));
      const [primary, replica] = [primaries[busiest]!, replicas[busiest]!];
      await killAlone(primary, [replica]);
      await waitFor('its replica to be promoted', () => isPrimary(replica), DEADLINE);
      return primary;
    },
  };
}
