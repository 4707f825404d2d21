/** The Redis store on a Cluster (with no more rights than the stack's user), behind Sentinels, and the addresses that name them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseRedisUrl } from '../../src/store/redis/redis-url.ts';
import { slotOf } from '../../src/store/redis/slot.ts';
import { openRedisStore, type RedisStoreOptions } from '../../src/store/redis-store.ts';
import type { CommitResult, SeriesCommit, Store } from '../../src/store/store.ts';
import { freePort, has, RedisServer } from '../helpers/redis-server.ts';
import { knownToRedisServer, PASSWORDS, usersAndLooker } from '../helpers/stack-files.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { storeContract } from './store-contract.ts';

const T0 = Date.now() - 3_600_000;

async function open(url: string, over: Partial<RedisStoreOptions> = {}): Promise<Store> {
  const store = await openRedisStore({
    url,
    durability: 'memory',
    logger: pino({ level: 'silent' }),
    retention: 30 * 86_400_000,
    deadLetterMax: 5,
    timeout: 2000,
    ...over,
  });
  onTestFinished(() => store.close());
  return store;
}

/** One new reading of each of `count` series, on top of what is there. */
async function putAll(store: Store, count: number, ts: number): Promise<CommitResult[]> {
  const series = Array.from({ length: count }, (_, i) => ({ sensor: `sensor-${i}`, metric: 'm' }));
  const records = await store.series.load(series);
  return store.series.commit(
    series.map(
      (id, i): SeriesCommit => ({
        series: id,
        expectedVersion: records[i]?.version ?? null,
        samples: [{ ts, value: i }],
        verdicts: [{ ts, expected: 1, score: 0 }],
        next: {
          state: Uint8Array.of(1),
          snapshots: [],
          oldestSnapshot: 0,
          horizon: -1,
          assignments: [],
          status: 'normal',
        },
        alerts:
          i % 3 === 0
            ? [
                {
                  rule: 'anomaly',
                  ts,
                  value: i,
                  expected: 1,
                  score: 2,
                  limit: null,
                  state: 'open',
                  clearedTs: null,
                },
              ]
            : [],
        duplicates: 0,
      }),
    ),
  );
}

describe('REDIS_URL', () => {
  it('is taken apart', () => {
    expect(parseRedisUrl('redis://host')).toEqual({
      mode: 'single',
      tls: false,
      hosts: [{ host: 'host', port: 6379 }],
      primary: '',
      db: 0,
    });
    expect(parseRedisUrl('rediss://user:p%40ss@[::1]:7000/3')).toMatchObject({
      tls: true,
      hosts: [{ host: '::1', port: 7000 }],
      username: 'user',
      password: 'p@ss',
      db: 3,
    });
    expect(
      parseRedisUrl('redis+sentinel://:pw@a:1,b,c:3/my-primary/2?sentinel_password=other'),
    ).toMatchObject({
      mode: 'sentinel',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26379 },
        { host: 'c', port: 3 },
      ],
      primary: 'my-primary',
      db: 2,
      password: 'pw',
      sentinelPassword: 'other',
    });
    expect(parseRedisUrl('rediss+cluster://a:1,b:2')).toMatchObject({ mode: 'cluster', tls: true });
  });

  it('is refused with its name and without its password', () => {
    for (const url of [
      'http://user:secret@host',
      'redis://user:secret@a,b',
      'redis://user:secret@host:99999',
      'redis://user:secret@host/x',
      'redis+sentinel://user:secret@host',
      'redis+cluster://user:secret@host/1',
      'redis://',
    ]) {
      let error: unknown;
      try {
        parseRedisUrl(url);
      } catch (caught) {
        error = caught;
      }
      expect(error, url).toMatchObject({ code: 'configuration', field: 'REDIS_URL' });
      expect((error as Error).message).not.toContain('secret');
    }
  });
});

describe.skipIf(!has('redis-server'))('Redis Cluster (needs redis-server)', () => {
  const servers: RedisServer[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'vigia-acl-'));
  const users = join(directory, 'users.acl');
  let url = '';

  beforeAll(async () => {
    writeFileSync(users, knownToRedisServer(usersAndLooker()));
    for (let i = 0; i < 3; i++) servers.push(await clusterNode());
    for (const [i, server] of servers.entries()) {
      const [from, to] = [Math.floor((16384 * i) / 3), Math.floor((16384 * (i + 1)) / 3) - 1];
      await server.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
      await server.command('CLUSTER', 'MEET', '127.0.0.1', String(servers[0]!.port));
    }
    await clusterOk();
    const hosts = `127.0.0.1:${servers[0]!.port},127.0.0.1:${servers[1]!.port}`;
    url = `redis+cluster://bridge:${PASSWORDS.bridge}@${hosts}`;
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(directory, { recursive: true });
  });

  const clusterOk = () =>
    waitFor('the Cluster', async () => {
      const states = await Promise.all(servers.map((server) => server.command('CLUSTER', 'INFO')));
      return states.every((state) => /cluster_state:ok[\s\S]*cluster_known_nodes:3/.test(String(state)));
    });

  async function clusterNode(): Promise<RedisServer> {
    // The Cluster's own bus listens 10,000 above each port.
    const port = await freePort(10_000);
    const args = ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`];
    args.push('--aclfile', users);
    return RedisServer.start([...args, '--cluster-node-timeout', '1000'], { port });
  }

  /** The server that has a slot's keys, and these. */
  async function holder(slot: string): Promise<[RedisServer, string[]]> {
    for (const server of servers) {
      const keys = (await server.command('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
      if (keys.length > 0) return [server, keys];
    }
    throw new Error(`no server has a key in slot ${slot}`);
  }

  async function openEmpty(over: Partial<RedisStoreOptions> = {}): Promise<Store> {
    for (const server of servers) await server.command('FLUSHALL');
    return open(url, over);
  }

  storeContract('sorted-set on a Cluster', openEmpty);

  it('finds the slot of a key as the server does', async () => {
    for (const key of [
      'vigia:alerts',
      'vigia:{vigia:alerts}:index',
      'vigia:{ñ/m}:state',
      '{}x',
      'a{b}{c}',
      '',
    ]) {
      expect(slotOf(key), key).toBe(await servers[0]!.command('CLUSTER', 'KEYSLOT', key));
    }
  });

  it('spreads series over all primaries, and lists and alerts across them', async () => {
    const store = await openEmpty();
    const results = await putAll(store, 60, T0);
    expect(results.map(({ status }) => status)).toEqual(Array(60).fill('committed'));
    for (const server of servers) expect(await server.command('DBSIZE')).toBeGreaterThan(20);
    expect(await store.series.list()).toHaveLength(60);
    expect(await store.alerts.list({ limit: 100 })).toHaveLength(20);
    expect(store.description).toContain('Cluster of 3 primaries');
    await store.ping();
    await store.trim(Date.now());
  });

  it('tells the memory of the fullest primary', async () => {
    const store = await openEmpty();
    await servers[1]!.command('CONFIG', 'SET', 'maxmemory', '200mb');
    await servers[2]!.command('CONFIG', 'SET', 'maxmemory', '100mb');
    expect(await store.memory!()).toEqual({ used: expect.any(Number), max: 100 * 2 ** 20 });
    await servers[1]!.command('CONFIG', 'SET', 'maxmemory', '50mb');
    expect(await store.memory!()).toMatchObject({ max: 50 * 2 ** 20 });
    for (const server of servers) await server.command('CONFIG', 'SET', 'maxmemory', '0');
  });

  it('follows slots that move to another primary', async () => {
    const store = await openEmpty();
    await putAll(store, 30, T0);
    const key = 'vigia:{sensor-7/m}:state';
    const slot = String(slotOf(key));
    const ids = await Promise.all(servers.map((server) => server.command('CLUSTER', 'MYID')));
    const [source, keys] = await holder(slot);
    const from = servers.indexOf(source);
    const to = (from + 1) % 3;
    const target = servers[to]!;
    await target.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(ids[from]));
    await source.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(ids[to]));
    // Half way, keys of one series may lie on two nodes, and the server asks to try again.
    const move = (...names: string[]) =>
      source.command('MIGRATE', '127.0.0.1', String(target.port), '', '0', '1000', 'KEYS', ...names);
    await move(key);
    const [record] = await store.series.load([{ sensor: 'sensor-7', metric: 'm' }]);
    expect(record?.version).toMatch(/^[0-9a-f]{16}$/);
    const halfWay = await putAll(store, 30, T0 + 1000);
    // Of the series that the other primaries have, nothing waits.
    expect(halfWay[7]).toMatchObject({
      status: 'failed',
      error: { code: 'store_unavailable', partial: true },
    });
    expect(halfWay.filter(({ status }) => status === 'committed').length).toBeGreaterThan(5);
    await move(...keys.filter((name) => name !== key));
    for (const server of [target, source]) {
      await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', String(ids[to]));
    }
    const results = await putAll(store, 30, T0 + 2000);
    expect(results.map(({ status }) => status)).toEqual(Array(30).fill('committed'));
    expect(await store.series.range({ sensor: 'sensor-7', metric: 'm' }, T0 + 2000, T0 + 2000)).toHaveLength(
      1,
    );
  });

  it('fails while a primary is away and recovers by itself', async () => {
    const store = await openEmpty({ timeout: 500 });
    await putAll(store, 30, T0);
    servers[2]!.signal('SIGSTOP');
    await expect(putAll(store, 30, T0 + 1)).rejects.toMatchObject({ code: 'store_unavailable' });
    servers[2]!.signal('SIGCONT');
    await clusterOk();
    await waitFor('every primary', () =>
      store.series.list().then(
        () => store.partsAway!() === 0,
        () => false,
      ),
    );
    const results = await putAll(store, 30, T0 + 2);
    expect(results.map(({ status }) => status)).toEqual(Array(30).fill('committed'));
  });

  it('follows a slot to a primary that has none yet', async () => {
    const store = await openEmpty();
    await putAll(store, 30, T0);
    const target = await clusterNode();
    onTestFinished(() => target.stop());
    await target.command('CLUSTER', 'MEET', '127.0.0.1', String(servers[0]!.port));
    const id = String(await target.command('CLUSTER', 'MYID'));
    await waitFor('all to know it, and it the Cluster', async () => {
      const lists = await Promise.all(servers.map((server) => server.command('CLUSTER', 'NODES')));
      const state = String(await target.command('CLUSTER', 'INFO'));
      return lists.every((nodes) => String(nodes).includes(id)) && state.includes('cluster_state:ok');
    });
    const slot = String(slotOf('vigia:{sensor-7/m}:state'));
    const [source, keys] = await holder(slot);
    await target.command(
      'CLUSTER',
      'SETSLOT',
      slot,
      'IMPORTING',
      String(await source.command('CLUSTER', 'MYID')),
    );
    await source.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', id);
    await source.command('MIGRATE', '127.0.0.1', String(target.port), '', '0', '1000', 'KEYS', ...keys);
    // What takes one key. A commit takes several, and while one of them does not exist the server asks to try again.
    const series = { sensor: 'sensor-7', metric: 'm' };
    expect(await store.series.load([series])).toEqual([
      expect.objectContaining({ version: expect.any(String) }),
    ]);
    expect(await store.series.range(series, T0, T0)).toHaveLength(1);
    // The other tests find the Cluster as it was.
    await source.command('CLUSTER', 'SETSLOT', slot, 'STABLE');
    for (const server of servers) await server.command('CLUSTER', 'FORGET', id);
  });

  it("was refused nothing as the stack's user", async () => {
    for (const server of servers) expect(await server.command('ACL', 'LOG')).toEqual([]);
  });

  it('names REDIS_URL when a single server is taken for a Cluster', async () => {
    const single = await RedisServer.start();
    onTestFinished(() => single.stop());
    await expect(
      open(single.url.replace('redis:', 'redis+cluster:'), { patience: 200 }),
    ).rejects.toMatchObject({
      code: 'configuration',
      field: 'REDIS_URL',
    });
  });
});

describe.skipIf(!has('redis-server'))('Redis behind Sentinels (needs redis-server)', () => {
  it('follows a failover, and nothing that was replicated is lost', async () => {
    const primary = await RedisServer.start();
    onTestFinished(() => primary.stop());
    const replica = await RedisServer.start(['--replicaof', `127.0.0.1 ${primary.port}`]);
    onTestFinished(() => replica.stop());
    const sentinels: RedisServer[] = [];
    for (let i = 0; i < 3; i++) {
      const sentinel = await RedisServer.start([], {
        sentinel: [
          `sentinel monitor main 127.0.0.1 ${primary.port} 2`,
          'sentinel down-after-milliseconds main 300',
          'sentinel failover-timeout main 1000',
        ],
      });
      onTestFinished(() => sentinel.stop());
      sentinels.push(sentinel);
    }
    await waitFor('the Sentinels to know each other and the replica', async () => {
      const states = await Promise.all(sentinels.map((s) => s.command('SENTINEL', 'MASTER', 'main')));
      return states.every((state) => {
        const fields = state as string[];
        const of = (name: string) => fields[fields.indexOf(name) + 1];
        return of('num-other-sentinels') === '2' && of('num-slaves') === '1';
      });
    });
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const store = await open(`redis+sentinel://${hosts}/main`, { durability: 'memory' });
    expect(store.description).toContain('main');
    await putAll(store, 10, T0);
    const stored = () => replica.command('ZCARD', 'vigia:{sensor-9/m}:value');
    await waitFor('the replica to have it', async () => (await stored()) === 1);
    await primary.kill();
    await waitFor(
      'the store to find the new primary',
      () =>
        store.ping().then(
          () => true,
          () => false,
        ),
      25_000,
    );
    const results = await putAll(store, 10, T0 + 1);
    expect(results.map(({ status }) => status)).toEqual(Array(10).fill('committed'));
    expect(await store.series.range({ sensor: 'sensor-0', metric: 'm' }, T0, T0 + 1)).toHaveLength(2);
    expect(await replica.command('ZCARD', 'vigia:{sensor-0/m}:value')).toBe(2);
  }, 60_000);
});
