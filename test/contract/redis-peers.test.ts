/** What replicas tell each other by Redis pub/sub. */
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { Peers, Store } from '../../src/store/store.ts';
import { has } from '../helpers/redis-server.ts';
import { startCluster } from '../helpers/redis-topology.ts';
import { startRedis } from '../helpers/running-redis.ts';
import { waitFor } from '../helpers/wait-for.ts';

async function open(url: string): Promise<Store> {
  const store = await openRedisStore({
    url,
    durability: 'memory',
    logger: pino({ level: 'silent' }),
    retention: 86_400_000,
    deadLetterMax: 5,
    timeout: 2000,
  });
  onTestFinished(() => store.close());
  return store;
}

const peers = async (url: string) => (await open(url)).peers!;

/** Sends until it arrives: a message may be lost while connections are made. */
async function reaches(from: Peers, inbox: readonly string[], text: string): Promise<void> {
  await waitFor(`${text} to arrive`, () => {
    from.send(text);
    return inbox.includes(text);
  });
}

/** Keeps the server from reading anything for 300 ms. */
const BUSY = `
local function now() local t = redis.call('TIME') return t[1] * 1e6 + t[2] end
local start = now()
while now() - start < 3e5 do end`;

describe.skipIf(!has('redis-server'))('replicas on one Redis', () => {
  it('send only while another listens, and never hear themselves', async () => {
    const server = await startRedis();
    const [a, b, elsewhere] = [
      await peers(server.url),
      await peers(server.url),
      await peers(`${server.url}/1`),
    ];
    const inbox: Record<'a' | 'b' | 'elsewhere', string[]> = { a: [], b: [], elsewhere: [] };
    a.listen(null);
    elsewhere.listen((message) => inbox.elsewhere.push(message));
    b.listen((message) => inbox.b.push(message));
    await waitFor('a to know that b listens', () => a.wanted);
    expect(b.wanted).toBe(false);
    await reaches(a, inbox.b, 'from a');
    b.send('from b');
    a.listen((message) => inbox.a.push(message));
    await reaches(b, inbox.a, 'to a');
    await waitFor('b to know that a listens', () => b.wanted);
    expect(inbox.b.every((message) => message === 'from a')).toBe(true);
    expect(inbox.elsewhere).toEqual([]);
    b.listen(null);
    await waitFor('nobody but a on the channel', async () => {
      const reply = (await server.command('PUBSUB', 'NUMSUB', 'vigia:live:0')) as unknown[];
      return reply[1] === 1;
    });
  });

  it('find each other again after a break', async () => {
    const server = await startRedis();
    const [a, b] = [await peers(server.url), await peers(server.url)];
    const inbox: string[] = [];
    a.listen(null);
    b.listen((message) => inbox.push(message));
    await reaches(a, inbox, 'before');
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await reaches(a, inbox, 'after the connections were closed');
    await server.kill();
    a.send('into the void');
    await server.start();
    await reaches(a, inbox, 'after a restart');
  });

  it('say that they hear a channel only once the server knows it', async () => {
    const server = await startRedis();
    const { pubSub } = await open(server.url);
    const other = (await open(server.url)).pubSub!;
    pubSub!.subscribe('first', () => undefined);
    await new Promise<void>((resolve) => {
      pubSub!.onSubscribed((subscribed) => subscribed && resolve());
    });
    await other.publish('first', 'so that its connection is there');
    // It has more to read from one connection than it reads before it looks at the next.
    const busy = server.command('EVAL', BUSY, '0');
    for (let i = 0; i < 5000; i++) pubSub!.subscribe(`later ${i}`, () => undefined);
    const receivers = await new Promise<number | null>((resolve) => {
      pubSub!.onSubscribed((subscribed) => subscribed && resolve(other.publish('later 4999', '')));
    });
    expect(receivers).toBe(1);
    await busy;
  });

  it('are subscribed again right after they were cut off', async () => {
    const server = await startRedis();
    const { pubSub } = await open(server.url);
    pubSub!.subscribe('x', () => undefined);
    const changes: boolean[] = [];
    pubSub!.onSubscribed((subscribed) => changes.push(subscribed));
    await waitFor('it to be subscribed', () => changes.length === 1);
    const pings = async () =>
      /cmdstat_ping:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1];
    // On a busy machine a ping may come by chance meanwhile: then once more.
    await waitFor(
      'it to be subscribed again before the next ping',
      async () => {
        const [before, known] = [await pings(), changes.length];
        await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await waitFor('it to be subscribed again', () => changes.length === known + 2);
        return (await pings()) === before;
      },
      30_000,
    );
    expect(changes.slice(0, 3)).toEqual([true, false, true]);
  });

  it('do so on a Cluster, also after its nodes have changed', async () => {
    const cluster = await startCluster();
    const [a, b] = [await peers(cluster.url), await peers(cluster.url)];
    const inbox: string[] = [];
    a.listen(null);
    b.listen((message) => inbox.push(message));
    await waitFor('a to know that b listens', () => a.wanted);
    await reaches(a, inbox, 'before');
    await cluster.failOver();
    await waitFor(
      'a message after the failover',
      () => {
        a.send('after');
        return inbox.includes('after');
      },
      30_000,
    );
  }, 90_000);
});
