/** Replicas that forward readings to each other: pipelines on one real Redis, each with connections of its own. */
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ReplicaGroup } from '../../src/replicas/replica-group.ts';
import { openRedisStore } from '../../src/store/redis-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { startCluster } from '../helpers/redis-topology.ts';
import { type RunningPipeline, runningPipeline } from '../helpers/running-pipeline.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { waitFor } from '../helpers/wait-for.ts';

const SERIES = 40;
const START = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

interface Replica extends RunningPipeline {
  readonly store: Store;
  /** Messages delivered and acknowledged. */
  readonly counts: { delivered: number; acknowledged: number };
  deliver(sensor: string, payload: string): void;
}

interface ReplicaOptions {
  readonly max?: number;
  readonly group?: string;
  readonly answerWithinMs?: number;
}

async function openStore(url: string): Promise<Store> {
  const store = await openRedisStore({
    url,
    durability: 'memory',
    logger: pino({ level: 'silent' }),
    retention: 30 * 86_400_000,
    deadLetterMax: 100,
    timeout: 2000,
  });
  onTestFinished(() => store.close());
  return store;
}

async function replica(
  url: string,
  { max = 10_000, group = 'g', ...rest }: ReplicaOptions = {},
): Promise<Replica> {
  const store = await openStore(url);
  const running = runningPipeline(store, { replicas: { pubSub: store.pubSub!, group, max, ...rest } });
  const counts = { delivered: 0, acknowledged: 0 };
  const deliver = (sensor: string, payload: string) => {
    counts.delivered++;
    running.intake.receive({
      topic: `sensors/${sensor}/temperature`,
      bytes: Buffer.from(payload),
      ack: () => {
        counts.acknowledged++;
      },
    });
  };
  return { ...running, store, counts, deliver };
}

async function replicas(n: number, url: string, max?: number): Promise<Replica[]> {
  const all = await Promise.all(
    Array.from({ length: n }, () => replica(url, max === undefined ? {} : { max })),
  );
  await waitFor('all to know all', () => all.every(({ pipeline }) => pipeline.peers === n - 1));
  return all;
}

const value = (sensor: number, i: number) => sensor + i / 100;

/** Readings `from` to `to` of all series, dealt out as a shared subscription does. */
function deal(among: readonly Replica[], from: number, to: number): void {
  for (let i = from; i < to; i++)
    for (let s = 0; s < SERIES; s++)
      among[(i + s) % among.length]!.deliver(`s${s}`, `{"value":${value(s, i)},"ts":${START + i * 1000}}`);
}

const acknowledged = (among: readonly Replica[]) =>
  waitFor(
    'all to be acknowledged',
    () => among.every(({ counts }) => counts.acknowledged === counts.delivered),
    30_000,
  );

const sum = async (among: readonly Replica[], name: string, label?: string) =>
  (await Promise.all(among.map(({ metric }) => metric(name, label)))).reduce((a, b) => a + b, 0);

/** All of them, once each, and each replica accounts for what it was given. */
async function expectStored(among: readonly Replica[], perSeries: number): Promise<void> {
  const [{ store }] = among as [Replica];
  for (let s = 0; s < SERIES; s++) {
    const samples = await store.series.range(
      { sensor: `s${s}`, metric: 'temperature' },
      START,
      START + perSeries * 1000,
    );
    expect(samples.map((sample) => sample.value)).toEqual(
      Array.from({ length: perSeries }, (_, i) => value(s, i)),
    );
  }
  for (const one of among) {
    expect(await one.metric('vigia_readings_received_total')).toBe(one.counts.delivered);
    expect(await one.metric('vigia_readings_in_flight')).toBe(0);
    const ended = ['committed', 'duplicate'].map((result) =>
      one.metric('vigia_readings_total', `result="${result}"`),
    );
    expect((await Promise.all(ended)).reduce((a, b) => a + b, 0)).toBe(one.counts.delivered);
  }
}

const forwardedCount = (among: readonly Replica[], result: 'answered' | 'returned') =>
  sum(among, 'vigia_readings_handed_over_total', `result="${result}"`);

interface SilentPeer {
  /** Readings of the series that it was sent, in any order. */
  received(): { readonly number: number; readonly sensors: string[] }[];
  /** Says that it is there, in this epoch, until the test ends. */
  announce(epoch: number): void;
  /** Forwards one reading to every replica that has announced itself. */
  forward(ts: number): Promise<void>;
  /** Answers that it has committed everything that it was sent. */
  answer(): Promise<void>;
}

/** A peer that speaks the protocol of replicas, but commits nothing, and answers only when it is told to. */
async function silentPeer(url: string): Promise<SilentPeer> {
  const { pubSub } = await openStore(url);
  const id = 'silent';
  type Message = [from: string, number: number, series: [string, string, ...number[]][]];
  const messages: Message[] = [];
  const others = new Set<string>();
  let epoch = 1;
  const announce = () => pubSub!.publish('replicas:1:g', `${id} ${epoch} here`).catch(() => null);
  pubSub!.subscribe('replicas:1:g', (text) => others.add(text.split(' ')[0]!));
  pubSub!.subscribe(`replica:1:${id}:readings`, (text) => messages.push(JSON.parse(text)));
  await new Promise<void>((resolve) => pubSub!.onSubscribed((subscribed) => subscribed && resolve()));
  await announce();
  const timer = setInterval(announce, 300);
  onTestFinished(() => clearInterval(timer));
  return {
    received: () =>
      messages.map(([, number, series]) => ({ number, sensors: series.map(([sensor]) => sensor) })),
    announce(next) {
      epoch = next;
      void announce();
    },
    async forward(ts) {
      // That the others know this peer does not mean that it knows them.
      await waitFor('the others', () => [...others].some((other) => other !== id));
      others.delete(id);
      const message = JSON.stringify([id, 0, [['s', 'temperature', ts, 1]]]);
      for (const other of others) await pubSub!.publish(`replica:1:${other}:readings`, message);
    },
    async answer() {
      for (const [from, number, series] of messages) {
        const answers = series.map((readings, i) => [number, i, 'c'.repeat((readings.length - 2) / 2)]);
        await pubSub!.publish(`replica:1:${from}:answers`, JSON.stringify(answers));
      }
    },
  };
}

const restarted = (server: RedisServer) => server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');

describe.skipIf(!REDIS)('replicas of one group (needs redis-server)', () => {
  it.each([
    { at: 'one server', start: startRedis },
    { at: 'a Cluster', start: startCluster },
  ])('commit each series at one of them, without a conflict: $at', async ({ start }) => {
    const all = await replicas(3, (await start()).url);
    for (let i = 0; i < 50; i += 10) {
      deal(all, i, i + 10);
      await acknowledged(all);
    }
    await expectStored(all, 50);
    expect(await sum(all, 'vigia_commit_retries_total')).toBe(0);
    expect(await forwardedCount(all, 'returned')).toBe(0);
    const share = (await forwardedCount(all, 'answered')) / (50 * SERIES);
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.9);
    for (const { metric } of all) expect(await metric('vigia_commits_total')).toBeGreaterThan(0);
  });

  it('acknowledge a repeated reading as a duplicate, and keep dead letters where they came in', async () => {
    const all = await replicas(2, (await startRedis()).url);
    deal(all, 0, 2);
    await acknowledged(all);
    deal(all, 1, 2);
    for (const { deliver } of all)
      deliver('s1', `[{"value":1,"ts":${START - 400 * 86_400_000}},{"value":"x"}]`);
    await acknowledged(all);
    expect(await sum(all, 'vigia_readings_total', 'result="duplicate"')).toBe(SERIES);
    expect(await sum(all, 'vigia_readings_total', 'result="dead_lettered"')).toBe(4);
  });

  it('do not forward readings without a time: tried twice they would be stored twice', async () => {
    const all = await replicas(2, (await startRedis()).url);
    for (let s = 0; s < SERIES; s++) all[0]!.deliver(`s${s}`, '21.5');
    await acknowledged(all);
    expect(await forwardedCount(all, 'answered')).toBe(0);
    expect(await all[0]!.metric('vigia_commits_total')).toBe(SERIES);
  });

  it('commit themselves what the other one declines', async () => {
    const all = await replicas(2, (await startRedis()).url, 0);
    deal(all, 0, 10);
    await acknowledged(all);
    await expectStored(all, 10);
    expect(await forwardedCount(all, 'answered')).toBe(0);
    expect(await forwardedCount(all, 'returned')).toBeGreaterThan(0);
  });

  it('take over from each of the others as much as it may have in flight', async () => {
    const max = 50;
    const all = await replicas(3, (await startRedis()).url, max);
    const dated = (i: number) => `{"value":${i},"ts":${START + i * 1000}}`;
    all[0]!.deliver('s', dated(0));
    await acknowledged(all);
    const commits = await Promise.all(all.map(({ metric }) => metric('vigia_commits_total')));
    const [one, other] = all.filter((_, r) => commits[r] === 0) as [Replica, Replica];
    for (let i = 1; i <= 2 * max; i++) (i % 2 === 0 ? one : other).deliver('s', dated(i));
    await acknowledged(all);
    expect(await forwardedCount(all, 'returned')).toBe(0);
  });

  it('lose nothing when they cannot reach each other for a while', async () => {
    const server = await startRedis();
    const all = await replicas(3, server.url);
    for (let i = 0; i < 40; i++) {
      deal(all, i, i + 1);
      if (i % 5 === 0) await restarted(server);
    }
    await acknowledged(all);
    await expectStored(all, 40);
    await waitFor('all to know all again', () => all.every(({ pipeline }) => pipeline.peers === 2));
    deal(all, 40, 41);
    await acknowledged(all);
    await expectStored(all, 41);
  });

  it('lose nothing when one of them ends in the middle', async () => {
    const all = await replicas(3, (await startRedis()).url);
    const [leaving, ...rest] = all as [Replica, Replica, Replica];
    deal(all, 0, 20);
    const closed = leaving.pipeline.close(10_000);
    deal(rest, 20, 40);
    await closed;
    await acknowledged(all);
    await expectStored(all, 40);
    // The one that left says so in a message, which comes to each of the others at its own time.
    await waitFor('the others to forget it', () => rest.every(({ pipeline }) => pipeline.peers === 1));
  });

  it('do without one that is gone without a word', async () => {
    const server = await startRedis();
    const all = await replicas(3, server.url);
    const [gone, ...rest] = all as [Replica, Replica, Replica];
    await gone.store.close();
    deal(rest, 0, 10);
    await acknowledged(rest);
    await expectStored(rest, 10);
    await waitFor('the others to forget it', () => rest.every(({ pipeline }) => pipeline.peers === 1));
  });

  it('know each other also when their connections were there before', async () => {
    const { url } = await startRedis();
    const live = await replica(url, { group: 'another' });
    await waitFor('the connection', async () => {
      await live.store.pubSub!.publish('test', 'x');
      const heard = new Promise((resolve) => live.store.pubSub!.subscribe('test', resolve));
      return (await live.store.pubSub!.publish('test', 'x')) !== 0 && heard;
    });
    const { store } = live;
    const late = runningPipeline(store, { replicas: { pubSub: store.pubSub!, group: 'g', max: 10 } });
    const other = await replica(url);
    await waitFor('them', () => late.pipeline.peers === 1 && other.pipeline.peers === 1);
  });

  it('do not know those of another group', async () => {
    const { url } = await startRedis();
    const [one, other] = [await replica(url), await replica(url, { group: 'other' })];
    const second = await replica(url);
    await waitFor('two of a group', () => one.pipeline.peers === 1 && second.pipeline.peers === 1);
    // By now the two have received what every member of their group has announced.
    const third = await replica(url, { group: 'other' });
    await waitFor('two of the other', () => other.pipeline.peers === 1 && third.pipeline.peers === 1);
    expect([one, second].map(({ pipeline }) => pipeline.peers)).toEqual([1, 1]);
  });

  describe('with a peer that seems to be there and does not answer', () => {
    async function beside(options: ReplicaOptions = {}): Promise<[Replica, SilentPeer]> {
      const { url } = await startRedis();
      const [one, silent] = [await replica(url, options), await silentPeer(url)];
      await waitFor('the peer', () => one.pipeline.peers === 1);
      return [one, silent];
    }

    it('wait for it, and store themselves what it has not answered in time', async () => {
      const [one, silent] = await beside({ answerWithinMs: 500 });
      deal([one], 0, 2);
      await acknowledged([one]);
      await expectStored([one], 2);
      expect(silent.received().flatMap(({ sensors }) => sensors).length).toBeGreaterThan(0);
      expect(await forwardedCount([one], 'returned')).toBeGreaterThan(0);
      expect(await forwardedCount([one], 'answered')).toBe(0);
      // What the peer says afterwards changes nothing.
      await silent.answer();
      deal([one], 2, 3);
      await acknowledged([one]);
      await expectStored([one], 3);
    });

    it('store at once what it was sent before it subscribed anew', async () => {
      const [one, silent] = await beside();
      deal([one], 0, 2);
      await waitFor('readings at the peer', () => silent.received().length > 0);
      expect(one.counts.acknowledged).toBeLessThan(one.counts.delivered);
      silent.announce(2);
      // Well before the minute after which every unanswered reading is taken back.
      await acknowledged([one]);
      await expectStored([one], 2);
      expect(one.pipeline.peers).toBe(1);
    });

    it('do not say that what it was sent is stored', async () => {
      const [one, silent] = await beside();
      deal([one], 0, 1);
      const forwarded = await waitFor('readings at the peer', () => silent.received()[0]);
      const series = { sensor: forwarded.sensors[0]!, metric: 'temperature' };
      const then = Date.now();
      await waitFor('a later time', () => Date.now() > then + 20);
      expect(one.pipeline.storedUntil(series)).toBeLessThanOrEqual(then);
      await silent.answer();
      await acknowledged([one]);
      expect(one.pipeline.storedUntil(series)).toBeGreaterThan(then);
    });

    it('do not forward a reading whose time the clock guard refuses', async () => {
      const [one, silent] = await beside();
      const future = Date.now() + 86_400_000;
      for (let s = 0; s < SERIES; s++) one.deliver(`s${s}`, `{"value":1,"ts":${future}}`);
      await acknowledged([one]);
      expect(await one.metric('vigia_readings_total', 'result="dead_lettered"')).toBe(SERIES);
      expect(silent.received()).toEqual([]);
      expect(await forwardedCount([one], 'returned')).toBe(0);
    });
  });

  it('hold back what is ahead of the others, once readings have come late', async () => {
    const { url } = await startRedis();
    const accepted: number[] = [];
    const member = async (group: string) => {
      const { pubSub } = await openStore(url);
      const made = new ReplicaGroup({
        ...{ pubSub: pubSub!, group, max: 10 },
        canCommit: () => true,
        commit: (readings, answer) => {
          accepted.push(...readings.map(({ ts }) => ts!));
          answer(null);
        },
        answered: () => {},
        returned: () => {},
        logger: pino({ level: 'silent' }),
        now: Date.now,
      });
      made.start();
      onTestFinished(() => made.close());
      return made;
    };
    const [one, alone, silent] = [await member('g'), await member('alone'), await silentPeer(url)];
    await waitFor('the peer', () => one.peers === 1);
    const receive = (ts: number, now: number) => {
      for (const each of [one, alone])
        each.forward({ reading: { sensor: 's', metric: 'temperature', ts, value: 1 } }, ts, now);
    };
    let now = performance.now();
    receive(START, now);
    expect(one.readyAt(now)).toBeNull();
    for (const each of [one, alone]) each.committed(5000, 50);
    expect(alone.readyAt(now)).toBeNull();
    const ready = one.readyAt(now)!;
    expect([ready(START, now), ready(START + 1, now), ready(START + 1, now - 10_000)]).toEqual([
      true,
      false,
      true,
    ]);
    await silent.forward(START - 60_000);
    await waitFor('the reading of the peer', () => accepted.length === 1);
    now = performance.now();
    receive(START, now);
    expect(one.readyAt(now)!(START, now)).toBe(false);
    expect(one.readyAt(now)!(START - 60_000, now)).toBe(true);
  });

  it('survive what they cannot read', async () => {
    const server = await startRedis();
    const all = await replicas(2, server.url);
    const channels = (await server.command('PUBSUB', 'CHANNELS', 'vigia:replica:*')) as unknown[];
    expect(channels).toHaveLength(4);
    for (const channel of channels)
      for (const message of ['', 'nonsense', '{}', '[1,2]', '["x",0,[[]]]', 'null'])
        await server.command('PUBLISH', String(channel), message);
    deal(all, 0, 5);
    await acknowledged(all);
    await expectStored(all, 5);
  });
});
