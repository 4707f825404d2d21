/**
 * The Redis users of the stack (stack/redis/users.acl): the bridges' may do everything that the store needs, in both layouts,
 * and nothing else; Grafana's may read.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { Store } from '../../src/store/store.ts';
import { has, RedisServer } from '../helpers/redis-server.ts';
import {
  knownToRedisServer,
  PASSWORDS,
  users as shippedUsers,
  usersAndLooker,
  withoutModule,
  withoutNewerCommands,
} from '../helpers/stack-files.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import {
  TIMESERIES_URL,
  type TimeseriesServer,
  TURN_MS,
  takeTimeseriesServer,
} from '../helpers/time-series-server.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { redisBehaviour } from './redis-behaviour.ts';
import { type StoreLimits, storeContract } from './store-contract.ts';

const DAY = 86_400_000;
const ACL = shippedUsers();

/** The rights of a user of the file, as ACL SETUSER takes them. */
const rightsOf = (user: string, acl: string) =>
  new RegExp(`^user ${user} (.*)$`, 'm').exec(acl)![1]!.split(' ');

interface Server {
  readonly layout: 'timeseries' | 'sorted-set';
  /** As the user. */
  url(user: 'bridge' | 'grafana'): string;
  /** With all rights; goes with the test. */
  admin(): Redis;
}

function connected(url: string): Redis {
  const options = { protocol: 2, replyMapping: 'legacy', enableReadyCheck: false } as const;
  const client = new Redis(url, options);
  onTestFinished(() => client.disconnect());
  return client;
}

function suite(server: () => Server, layout: Server['layout']): void {
  let clearedFor = '';
  /** The first store of each test finds none of Vigía's keys. */
  async function open(limits: Partial<StoreLimits> = {}): Promise<Store> {
    const { currentTestName = '' } = expect.getState();
    if (clearedFor !== currentTestName) {
      const admin = server().admin();
      const keys = await admin.keys('vigia:*');
      if (keys.length > 0) await admin.del(...keys);
    }
    clearedFor = currentTestName;
    const store = await openRedisStore({
      url: server().url('bridge'),
      durability: 'memory',
      layout,
      logger: pino({ level: 'silent' }),
      retention: 30 * DAY,
      deadLetterMax: 5,
      ...limits,
    });
    onTestFinished(() => store.close());
    return store;
  }

  storeContract(`${layout}, as the stack's user`, open);
  redisBehaviour(`${layout}, as the stack's user`, { layout, open, client: () => server().admin() });

  it('lets replicas send messages to each other', async () => {
    const [a, b] = [await open(), await open()];
    const heard: string[] = [];
    b.peers!.listen((message) => heard.push(message));
    a.peers!.listen(() => undefined);
    await waitFor('a message', () => {
      a.peers!.send('hello');
      return heard.includes('hello');
    });
    b.peers!.listen(null);
  });

  it('lets a bridge see how much memory is left, and `vigia doctor` compare clocks', async () => {
    const store = await open();
    expect(await store.memory!()).toEqual({ used: expect.any(Number), max: expect.any(Number) });
    // The server is on this machine, and both clocks are rounded down.
    const before = Date.now();
    const time = await store.time();
    expect(time).toBeGreaterThanOrEqual(before - 1);
    expect(time).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('has refused none of what the store asked for', async () => {
    const denied = (await server().admin().call('ACL', 'LOG', '1000')) as unknown[][];
    const entries = denied.map((entry) => Object.fromEntries(entry.map((text, i) => [entry[i - 1], text])));
    // The log is that of the server, which other suites may use too.
    const own = new URL(server().url('bridge')).username;
    const said = entries.filter(({ username }) => username === own);
    expect(said.map(({ reason, object, username }) => `${username}: ${reason} ${object}`)).toEqual([]);
  });

  it('keeps the bridges to their keys and commands', async () => {
    const bridge = connected(server().url('bridge'));
    for (const command of [
      ['GET', 'other'],
      ['SET', 'other', '1'],
      ['PUBLISH', 'other', '1'],
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
      ['KEYS', '*'],
      ['ACL', 'LIST'],
      ['SHUTDOWN', 'NOSAVE'],
    ] as [string, ...string[]][]) {
      await expect(bridge.call(...command), command.join(' ')).rejects.toThrow(/NOPERM/);
    }
  });

  it('lets Grafana read and not write', async () => {
    const store = await open();
    const ts = Date.now();
    await store.series.commit([
      {
        series: { sensor: 's', metric: 'm' },
        expectedVersion: null,
        samples: [{ ts, value: 7 }],
        verdicts: [],
        next: null,
        alerts: [],
        duplicates: 0,
      },
    ]);
    const grafana = connected(server().url('grafana'));
    expect(await grafana.call('XRANGE', 'vigia:alerts', '-', '+')).toEqual([]);
    if (layout === 'timeseries') {
      const key = 'vigia:{s/m}:value';
      expect(await grafana.call('TS.RANGE', key, '-', '+')).toEqual([[ts, '7']]);
      expect(await grafana.call('TS.MRANGE', '-', '+', 'FILTER', 'sensor=s', 'field=value')).toHaveLength(1);
      expect(await grafana.call('TS.QUERYINDEX', 'field=value')).toContain(key);
    }
    for (const command of [
      ['SET', 'vigia:x', '1'],
      ['XADD', 'vigia:alerts', '*', 'a', 'b'],
      ['DEL', 'vigia:{s/m}:value'],
      ['XRANGE', 'other', '-', '+'],
      ['EVAL', 'return 1', '0'],
    ] as [string, ...string[]][]) {
      await expect(grafana.call(...command), command.join(' ')).rejects.toThrow(/NOPERM/);
    }
  });
}

describe.skipIf(!has('redis-server'))('the Redis users of the stack (needs redis-server)', () => {
  let redis: RedisServer;
  const directory = mkdtempSync(join(tmpdir(), 'vigia-acl-'));

  beforeAll(async () => {
    const file = join(directory, 'users.acl');
    writeFileSync(file, knownToRedisServer(usersAndLooker()));
    redis = await RedisServer.start(['--aclfile', file]);
  });
  afterAll(async () => {
    await redis.stop();
    rmSync(directory, { recursive: true });
  });

  const server = (): Server => ({
    layout: 'sorted-set',
    url: (user) => redis.url.replace('//', `//${user}:${PASSWORDS[user]}@`),
    admin: () => connected(redis.url),
  });
  suite(server, 'sorted-set');

  it('lets a health check ping and do nothing else, and nobody in without a password', async () => {
    const health = connected(redis.url.replace('//', '//health:any@'));
    expect(await health.ping()).toBe('PONG');
    await expect(health.get('vigia:layout')).rejects.toThrow(/NOPERM/);
    const wrong = connected(redis.url);
    await expect(wrong.call('AUTH', 'bridge', 'wrong')).rejects.toThrow(/WRONGPASS/);
    await connected(redis.url).call('ACL', 'LOG', 'RESET');
  });

  it('keeps everything over a restart, and lets nobody in as the default user', async () => {
    const file = join(directory, 'as-they-are.acl');
    writeFileSync(file, knownToRedisServer(ACL));
    const closed = await RedisServer.start([
      ...['--aclfile', file, '--appendonly', 'yes', '--appendfsync', 'always'],
    ]);
    onTestFinished(() => closed.stop());
    const store = await openRedisStore({
      url: closed.url.replace('//', `//bridge:${PASSWORDS.bridge}@`),
      durability: 'memory',
      logger: pino({ level: 'silent' }),
      retention: 30 * DAY,
      deadLetterMax: 5,
    });
    onTestFinished(() => store.close());
    const series = { sensor: 's', metric: 'm' };
    const ts = Date.now();
    await store.series.commit([
      {
        ...{ series, expectedVersion: null, verdicts: [], next: null, alerts: [], duplicates: 0 },
        samples: [{ ts, value: 7 }],
      },
    ]);
    await closed.kill();
    await closed.start();
    const found = await waitFor('the connection', () =>
      store.series.range(series, 0, Number.MAX_SAFE_INTEGER),
    );
    expect(found).toMatchObject([{ ts, value: 7 }]);

    await expect(connected(closed.url).get('vigia:layout')).rejects.toThrow(/NOAUTH/);
    for (const password of ['', 'any', 'default']) {
      await expect(connected(closed.url).call('AUTH', 'default', password)).rejects.toThrow(/WRONGPASS/);
    }
  });
});

describe.skipIf(!has('valkey-server'))("REDIS_DURABILITY as the stack's user (needs valkey-server)", () => {
  it('may wait for the disk and for a replica', async () => {
    const file = join(temporaryDirectory(), 'users.acl');
    writeFileSync(file, withoutModule(usersAndLooker()));
    const program = { program: 'valkey-server' };
    const primary = await RedisServer.start(
      ['--aclfile', file, '--appendonly', 'yes', '--repl-diskless-sync-delay', '0'],
      program,
    );
    onTestFinished(() => primary.stop());
    const replica = await RedisServer.start(
      ['--aclfile', file, '--replicaof', `127.0.0.1 ${primary.port}`],
      program,
    );
    onTestFinished(() => replica.stop());
    await waitFor('the replica', async () =>
      String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
    );
    for (const durability of ['fsync', 'replicated'] as const) {
      const store = await openRedisStore({
        url: primary.url.replace('//', `//bridge:${PASSWORDS.bridge}@`),
        durability,
        logger: pino({ level: 'silent' }),
        retention: 30 * DAY,
        deadLetterMax: 5,
      });
      onTestFinished(() => store.close());
      expect(await store.counters.increment('waited')).toBeGreaterThan(0);
    }
    expect(await primary.command('ACL', 'LOG')).toEqual([]);
  });
});

describe.skipIf(!TIMESERIES_URL)(
  'the Redis users of the stack on RedisTimeSeries (needs TEST_REDIS_URL)',
  () => {
    let timeseries: TimeseriesServer;
    // An earlier run may have left its users, and the server's log tells of them.
    const users = { bridge: '', grafana: '' };

    beforeAll(async () => {
      timeseries = await takeTimeseriesServer();
      users.bridge = `vigia-test-bridge-${randomUUID()}`;
      users.grafana = `vigia-test-grafana-${randomUUID()}`;
      const client = new Redis(timeseries.url);
      const [waitaof] = (await client.call('COMMAND', 'INFO', 'WAITAOF')) as [unknown];
      const acl = waitaof === null ? withoutNewerCommands(ACL) : ACL;
      for (const [user, name] of Object.entries(users)) {
        await client.call('ACL', 'SETUSER', name, 'reset', ...rightsOf(user, acl));
      }
      client.disconnect();
    }, TURN_MS);
    afterAll(async () => {
      const client = new Redis(timeseries.url);
      await client.call('ACL', 'DELUSER', ...Object.values(users));
      client.disconnect();
      await timeseries.release();
    });

    const server = (): Server => ({
      layout: 'timeseries',
      url: (user) => {
        const as = new URL(timeseries.url);
        as.username = users[user];
        as.password = PASSWORDS[user];
        return as.toString();
      },
      admin: () => connected(timeseries.url),
    });
    suite(server, 'timeseries');
  },
);
