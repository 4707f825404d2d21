/** How the Redis store starts, what it does when its server fails, and what REDIS_DURABILITY waits for. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRedisStore, type RedisStoreOptions } from '../../src/store/redis-store.ts';
import type { SeriesCommit, Store } from '../../src/store/store.ts';
import { freePort, has, RedisServer, withoutWaitaof } from '../helpers/redis-server.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';

const T0 = Date.now() - 3_600_000;
const SERIES = { sensor: 's', metric: 'm' };

async function start(args: readonly string[] = [], program = 'redis-server', port?: number) {
  const server = await RedisServer.start(args, { program, ...(port !== undefined && { port }) });
  onTestFinished(() => server.stop());
  return server;
}

async function open(url: string, over: Partial<RedisStoreOptions> = {}): Promise<Store> {
  const store = await openRedisStore({
    url,
    durability: 'memory',
    logger: pino({ level: 'silent' }),
    retention: 86_400_000,
    deadLetterMax: 5,
    timeout: 1000,
    patience: 1500,
    ...over,
  });
  onTestFinished(() => store.close());
  return store;
}

async function put(store: Store, ts: number, over: Partial<SeriesCommit> = {}) {
  const expectedVersion = (await store.series.load([SERIES]))[0]?.version ?? null;
  const [result] = await store.series.commit([
    {
      series: SERIES,
      expectedVersion,
      samples: [{ ts, value: 1 }],
      verdicts: [{ ts, expected: 1, score: 0 }],
      next: {
        state: Uint8Array.of(1),
        snapshots: [],
        oldestSnapshot: 0,
        horizon: -1,
        assignments: [],
        status: 'normal',
      },
      alerts: [],
      duplicates: 0,
      ...over,
    },
  ]);
  return result;
}

const unavailable = { code: 'store_unavailable' };
const away = (work: () => Promise<unknown>) =>
  waitFor('the store to be away', async () => {
    const error = await work().then(
      () => null,
      (reason) => reason,
    );
    return error?.code === 'store_unavailable';
  });
const back = (store: Store) =>
  waitFor('the store to be back', () =>
    store.ping().then(
      () => true,
      () => false,
    ),
  );

describe.skipIf(!has('redis-server'))('starting on Redis (needs redis-server)', () => {
  it('says where it is, without the password', async () => {
    const server = await start(['--requirepass', 'se:cret@']);
    const store = await open(`redis://:${encodeURIComponent('se:cret@')}@127.0.0.1:${server.port}/3`);
    expect(store.description).toBe(
      `redis (127.0.0.1:${server.port}/3, layout sorted-set, durability memory)`,
    );
    await put(store, T0);
    const client = server.client({ password: 'se:cret@', db: 3 });
    expect(await client.exists('vigia:{s/m}:state')).toBe(1);
    client.disconnect();
  });

  it('logs in as an ACL user that may touch only its own keys', async () => {
    const server = await start([
      '--user',
      'default',
      'off',
      '--user',
      'vigia',
      'on',
      '>pw',
      '~vigia:*',
      '+@all',
    ]);
    const store = await open(`redis://vigia:pw@127.0.0.1:${server.port}`);
    expect(await put(store, T0)).toMatchObject({ status: 'committed' });
    await store.trim(Date.now());
    await store.ping();
  });

  for (const [what, url] of [
    ['no password', 'redis://127.0.0.1:PORT'],
    ['a wrong password', 'redis://:wrong@127.0.0.1:PORT'],
    ['a wrong user', 'redis://nobody:pw@127.0.0.1:PORT'],
  ] as const) {
    it(`names REDIS_URL when it has ${what}`, async () => {
      const server = await start(['--requirepass', 'right']);
      const opening = open(url.replace('PORT', String(server.port)), { patience: 60_000 });
      await expect(opening).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_URL' });
      await expect(opening).rejects.toThrow(/password or user in REDIS_URL is missing or wrong/);
    });
  }

  it('names REDIS_URL when nobody listens there, or on a read-only replica', async () => {
    const nobody = open(`redis://127.0.0.1:${await freePort()}`, { patience: 200 });
    await expect(nobody).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_URL' });
    await expect(nobody).rejects.toThrow(/ECONNREFUSED/);
    const primary = await start();
    const replica = await start(['--replicaof', `127.0.0.1 ${primary.port}`]);
    const readOnly = open(replica.url, { patience: 200 });
    await expect(readOnly).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_URL' });
    await expect(readOnly).rejects.toThrow(/READONLY/);
  });

  it('uses no other database than the one of REDIS_URL', async () => {
    const server = await start(['--user', 'vigia', 'on', '>pw', '~vigia:*', '&vigia:*', '+@all', '-select']);
    const opening = open(`redis://vigia:pw@127.0.0.1:${server.port}/3`, { patience: 60_000 });
    await expect(opening).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_URL' });
    await expect(opening).rejects.toThrow(/select/);
    const none = open(`${server.url}/99`, { patience: 60_000 });
    await expect(none).rejects.toThrow(/REDIS_URL cannot be used: .*DB index is out of range/);
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it('refuses a server that drops keys when its memory is full, unless that is accepted', async () => {
    const server = await start(['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru']);
    const opening = open(server.url);
    await expect(opening).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_EVICTION' });
    await expect(opening).rejects.toThrow(/maxmemory-policy allkeys-lru.*noeviction.*REDIS_EVICTION=accept/);
    expect(await put(await open(server.url, { eviction: 'accept' }), T0)).toMatchObject({
      status: 'committed',
    });
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await open(server.url);
    // Where the policy cannot be seen, the start goes on.
    const blind = await start(['--user', 'vigia', 'on', '>pw', '~vigia:*', '&vigia:*', '+@all', '-info']);
    await open(`redis://vigia:pw@127.0.0.1:${blind.port}`);
  });

  it('waits for a server that comes up a little later', async () => {
    const port = await freePort();
    const opening = open(`redis://127.0.0.1:${port}`, { patience: 20_000 });
    await start([], 'redis-server', port);
    await (await opening).ping();
  });

  it('refuses a layout that the server or its data cannot have', async () => {
    const server = await start();
    await expect(open(server.url, { layout: 'timeseries' })).rejects.toMatchObject({
      code: 'configuration',
      field: 'REDIS_LAYOUT',
    });
    await open(server.url);
    await server.command('SET', 'vigia:layout', 'timeseries');
    await expect(open(server.url)).rejects.toThrow(/RedisTimeSeries is not loaded/);
    await server.command('SET', 'vigia:layout', 'of-the-future');
    await expect(open(server.url)).rejects.toThrow(/of-the-future/);
  });

  it.skipIf(!has('openssl'))('speaks TLS, and checks the certificate', async () => {
    const directory = temporaryDirectory();
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = spawnSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-keyout', key, '-out', cert, ...subject],
    ]);
    expect(made.status, String(made.stderr)).toBe(0);
    const port = await freePort();
    await start([
      ...['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key],
      ...['--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
    ]);
    const store = await open(`rediss://127.0.0.1:${port}`, { ca: readFileSync(cert, 'utf8') });
    expect(await put(store, T0)).toMatchObject({ status: 'committed' });
    const strangers = open(`rediss://127.0.0.1:${port}`, { patience: 200 });
    await expect(strangers).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_URL' });
    await expect(strangers).rejects.toThrow(/certificate/);
  });
});

describe.skipIf(!has('redis-server'))('a user without all rights (needs redis-server)', () => {
  const commitOf = (sensor: string): SeriesCommit => ({
    ...{ series: { sensor, metric: 'm' }, expectedVersion: null, samples: [{ ts: T0, value: 1 }] },
    ...{ verdicts: [], next: null, alerts: [], duplicates: 0 },
  });

  it('loses only the series whose key the user may not use', async () => {
    const keys = ['~vigia:[a-z]*', '~vigia:{vigia*', '~vigia:{good*'];
    const server = await start(['--user', 'vigia', 'on', '>pw', ...keys, '&vigia:*', '+@all']);
    const store = await open(`redis://vigia:pw@127.0.0.1:${server.port}`);
    expect(await store.series.load([{ sensor: 'bad', metric: 'm' }])).toEqual([null]);
    const results = await store.series.commit(['bad', 'good'].map(commitOf));
    expect(results).toMatchObject([
      { status: 'failed', error: { message: expect.stringMatching(/vigia:\{bad\/m\}.*permissions.*key/) } },
      { status: 'committed' },
    ]);
  });

  it.each(['evalsha', 'zadd'])('is an outage where the user may not run %s', async (command) => {
    const rights = ['~vigia:*', '&vigia:*', '+@all', `-${command}`];
    const server = await start(['--user', 'vigia', 'on', '>pw', ...rights]);
    const store = await open(`redis://vigia:pw@127.0.0.1:${server.port}`);
    await expect(store.series.commit([commitOf('s')])).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe.skipIf(!has('redis-server'))('a failing Redis (needs redis-server)', () => {
  it('is reported at once while it is gone, and used again when it is back', async () => {
    const server = await start(['--appendonly', 'yes', '--appendfsync', 'always']);
    // A call that waited for its time limit would outlast the test.
    const store = await open(server.url, { timeout: 600_000 });
    await put(store, T0);
    await server.kill();
    await away(() => store.ping());
    await expect(store.series.load([SERIES])).rejects.toMatchObject(unavailable);
    await expect(put(store, T0 + 1)).rejects.toMatchObject(unavailable);
    await expect(store.series.list()).rejects.toMatchObject(unavailable);
    await server.start();
    await back(store);
    expect(await put(store, T0 + 1)).toMatchObject({ status: 'committed' });
    expect(await store.series.range(SERIES, 0, Date.now())).toHaveLength(2);
  });

  it('is given up when it is frozen, and no late reply is taken for another', async () => {
    const server = await start();
    const store = await open(server.url, { timeout: 400 });
    await put(store, T0);
    server.signal('SIGSTOP');
    const stuck = await Promise.allSettled([
      put(store, T0 + 1),
      store.series.range(SERIES, 0, Date.now()),
      store.deadLetters.count(),
    ]);
    for (const result of stuck) {
      expect(result).toMatchObject({ status: 'rejected', reason: unavailable });
    }
    server.signal('SIGCONT');
    await back(store);
    expect(await store.deadLetters.count()).toBe(0);
    expect(await store.series.range(SERIES, T0, T0)).toHaveLength(1);
    await put(store, T0 + 2);
    expect((await store.series.range(SERIES, T0 + 2, T0 + 2)).map(({ ts }) => ts)).toEqual([T0 + 2]);
  });

  it('that drops connections loses no commit that was answered', async () => {
    const server = await start();
    const store = await open(server.url);
    const client = server.client();
    onTestFinished(() => client.disconnect());
    const answered: number[] = [];
    for (let i = 0; i < 60; i++) {
      if (i % 6 === 3) await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      try {
        await put(store, T0 + i);
        answered.push(T0 + i);
      } catch (error) {
        expect(error).toMatchObject(unavailable);
        await back(store);
      }
    }
    expect(answered.length).toBeGreaterThan(20);
    const stored = new Set((await store.series.range(SERIES, 0, Date.now())).map(({ ts }) => ts));
    expect(answered.filter((ts) => !stored.has(ts))).toEqual([]);
  });

  it('that is out of memory takes nothing, not even half a commit', async () => {
    const server = await start(['--maxmemory-policy', 'noeviction']);
    const store = await open(server.url);
    await put(store, T0);
    const before = await store.series.load([SERIES]);
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(put(store, T0 + 1)).rejects.toMatchObject(unavailable);
    await expect(store.ping()).rejects.toMatchObject(unavailable);
    await expect(
      store.deadLetters.add([
        { id: 'x', topic: 't', bytes: Uint8Array.of(1), reason: 'r', detail: '', lastTs: 1 },
      ]),
    ).rejects.toMatchObject(unavailable);
    expect(await store.series.load([SERIES])).toEqual(before);
    expect(await store.series.range(SERIES, 0, Date.now())).toHaveLength(1);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    expect(await put(store, T0 + 1)).toMatchObject({ status: 'committed' });
  });

  it('that becomes a read-only replica takes nothing until it is a primary again', async () => {
    const [server, other] = [await start(), await start()];
    const store = await open(server.url);
    await put(store, T0);
    await server.command('REPLICAOF', '127.0.0.1', String(other.port));
    await away(() => put(store, T0 + 1));
    await expect(store.ping()).rejects.toMatchObject(unavailable);
    await server.command('REPLICAOF', 'NO', 'ONE');
    await back(store);
    expect(await put(store, T0 + 1)).toMatchObject({ status: 'committed' });
  });

  it('cannot keep close() from ending', async () => {
    const server = await start();
    const store = await open(server.url, { timeout: 60_000 });
    server.signal('SIGSTOP');
    const waiting = put(store, T0);
    const gone = expect(waiting).rejects.toMatchObject(unavailable);
    await store.close();
    await gone;
    server.signal('SIGCONT');
  });
});

describe.skipIf(!has('valkey-server'))('REDIS_DURABILITY=fsync (needs valkey-server)', () => {
  const appendonly = ['--appendonly', 'yes', '--appendfsync', 'always'];

  it('is on disk when the commit resolves: a killed server comes back with it', async () => {
    const server = await start(appendonly, 'valkey-server');
    const store = await open(server.url, { durability: 'fsync' });
    for (let i = 0; i < 50; i++) await put(store, T0 + i);
    await server.kill();
    await server.start();
    await back(store);
    expect(await store.series.range(SERIES, 0, Date.now())).toHaveLength(50);
  });

  it('writes down a redelivery that changes nothing, so that the wait covers it', async () => {
    const server = await start(appendonly, 'valkey-server');
    const store = await open(server.url, { durability: 'fsync' });
    await put(store, T0);
    await put(store, T0, { samples: [], verdicts: [], next: null, duplicates: 2 });
    expect(await server.command('HGET', 'vigia:{s/m}:state', 'd')).toBe('2');
  });

  it('acknowledges nothing while the server keeps no append-only file', async () => {
    const server = await start(appendonly, 'valkey-server');
    const store = await open(server.url, { durability: 'fsync' });
    await put(store, T0);
    await server.command('CONFIG', 'SET', 'appendonly', 'no');
    await expect(put(store, T0 + 1)).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('REDIS_DURABILITY=fsync'),
    });
    await server.command('CONFIG', 'SET', 'appendonly', 'yes');
    await back(store);
    expect(await put(store, T0 + 1, { samples: [], verdicts: [], next: null, duplicates: 1 })).toMatchObject({
      status: 'committed',
    });
  });

  it('names REDIS_DURABILITY without an append-only file, and without the command', async () => {
    const without = await start([], 'valkey-server');
    const refused = open(without.url, { durability: 'fsync' });
    await expect(refused).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_DURABILITY' });
    await expect(refused).rejects.toThrow(/appendonly/);
    if (!has('redis-server')) return;
    const old = await start(['--appendonly', 'yes', ...withoutWaitaof()]);
    const unknown = open(old.url, { durability: 'fsync' });
    await expect(unknown).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_DURABILITY' });
  });
});

describe.skipIf(!has('redis-server'))('REDIS_DURABILITY=replicated (needs redis-server)', () => {
  async function pair() {
    const primary = await start();
    const replica = await start(['--replicaof', `127.0.0.1 ${primary.port}`]);
    await waitFor('the replica', async () =>
      String(await primary.command('INFO', 'replication')).includes('state=online'),
    );
    return { primary, replica };
  }

  it('is on the replica when the commit resolves', async () => {
    const { primary, replica } = await pair();
    const store = await open(primary.url, { durability: 'replicated' });
    for (let i = 0; i < 20; i++) {
      await put(store, T0 + i);
      expect(await replica.command('ZCARD', 'vigia:{s/m}:value')).toBe(i + 1);
    }
  });

  it('acknowledges nothing while the replica is away', async () => {
    const { primary, replica } = await pair();
    // A wait as long as the timeout would look like a server that stays silent.
    const store = await open(primary.url, { durability: 'replicated', timeout: 1000 });
    await put(store, T0);
    await replica.kill();
    await expect(put(store, T0 + 1)).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('REDIS_DURABILITY=replicated'),
    });
    await replica.start();
    await back(store);
    expect(await put(store, T0 + 1, { samples: [], verdicts: [], next: null, duplicates: 1 })).toMatchObject({
      status: 'committed',
    });
    expect(await replica.command('ZCARD', 'vigia:{s/m}:value')).toBe(2);
  });

  it('names REDIS_DURABILITY without a replica', async () => {
    const server = await start();
    const refused = open(server.url, { durability: 'replicated', timeout: 2000, patience: 0 });
    await expect(refused).rejects.toMatchObject({ code: 'configuration', field: 'REDIS_DURABILITY' });
    await expect(refused).rejects.toThrow(/replica/);
  });
});
