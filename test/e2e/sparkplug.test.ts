/** Sparkplug B over replicas: births are kept in the store, and data whose birth is not known is neither lost nor guessed. */
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { readSparkplug } from '../../src/codecs/sparkplug-payload.ts';
import { MessageIntake } from '../../src/intake/message-intake.ts';
import { SparkplugBirths, type SparkplugOptions } from '../../src/intake/sparkplug-births.ts';
import { staleCommit } from '../../src/planning/stale-commit.ts';
import { Decoder } from '../../src/sources/decoder.ts';
import { compileSources, readPresets } from '../../src/sources/read-sources.ts';
import { Watchdog } from '../../src/staleness/watchdog.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';
import { sparkplugBytes } from '../helpers/sparkplug-writer.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000 - 60_000;
const SERIES = { sensor: 'plant/edge/press', metric: 'level' };

function openStore() {
  const store = openEmbeddedStore({
    directory: temporaryDirectory(),
    retention: 86_400_000,
    deadLetterMax: 100,
  });
  onTestFinished(() => store.close());
  return store;
}

type Store = ReturnType<typeof openStore>;

/** A replica that sees some of the messages. */
function replica(store: Store, options: Partial<SparkplugOptions> = {}) {
  const { pipeline } = runningPipeline(store);
  const births = new SparkplugBirths({
    births: store.births,
    freshMs: 0,
    patienceMs: 10_000,
    seesAll: false,
    logger: pino({ level: 'silent' }),
    now: Date.now,
    ...options,
  });
  onTestFinished(() => births.close());
  const decoder = new Decoder(
    compileSources(readPresets('sparkplug-b').specs),
    { maxReadings: 1000, maxNameBytes: 200 },
    births.names,
  );
  const intake = new MessageIntake(decoder, pipeline, births);
  return {
    pipeline,
    births,
    send: (type: string, payload: Readonly<Record<string, unknown>>) =>
      new Promise<void>((ack) => {
        const topic = `spBv1.0/plant/${type}/edge${type.startsWith('N') ? '' : '/press'}`;
        intake.receive({ topic, bytes: sparkplugBytes(payload), ack });
      }),
    intake,
  };
}

const birth = (name: string, ts: number, more: object[] = []) => ({
  timestamp: ts,
  seq: 1,
  metrics: [{ name, alias: 7, datatype: 10, double_value: 1, timestamp: ts }, ...more],
});
const data = (value: number, ts: number, seq = 2) => ({
  timestamp: ts,
  seq,
  metrics: [{ alias: 7, double_value: value, timestamp: ts }],
});

it('a birth at one replica names the data at another', async () => {
  const store = openStore();
  const [first, second] = [replica(store), replica(store)];
  await first.send('DBIRTH', birth('level', NOW));
  await second.send('DDATA', data(2, NOW + 1));
  // A new birth gives the alias another name; a redelivery of the old one changes nothing.
  await first.send('DBIRTH', birth('flow', NOW + 2));
  await second.send('DBIRTH', birth('level', NOW));
  await second.send('DDATA', data(3, NOW + 3));
  const values = async (metric: string) =>
    (await store.series.range({ ...SERIES, metric }, 0, NOW * 2)).map(({ value }) => value);
  expect([await values('level'), await values('flow')]).toEqual([
    [1, 2],
    [1, 3],
  ]);
});

it('data waits for a birth that comes later, and asks for it once', async () => {
  const store = openStore();
  const commands: [string, Uint8Array][] = [];
  const { send } = replica(store, {
    publish: async (topic, payload) => void commands.push([topic, payload]),
  });
  const sent = send('DDATA', data(2, NOW + 1));
  await waitFor('the command', () => commands.length > 0);
  expect(commands[0]![0]).toBe('spBv1.0/plant/NCMD/edge');
  expect(readSparkplug(commands[0]![1]).metrics).toMatchObject([{ name: 'Node Control/Rebirth', value: 1 }]);
  await replica(store).send('DBIRTH', birth('level', NOW));
  await sent;
  expect(await store.series.range(SERIES, 0, NOW * 2)).toMatchObject([{ value: 1 }, { value: 2 }]);
  expect(commands).toHaveLength(1);
});

it('data without a birth becomes a dead letter, which is stored once its birth is known', async () => {
  const store = openStore();
  const { send, intake } = replica(store, { patienceMs: 0, freshMs: Number.POSITIVE_INFINITY });
  await send('DDATA', data(2, NOW + 1));
  const [letter] = await store.deadLetters.list(10);
  expect(letter).toMatchObject({
    reason: 'unknown-alias',
    detail: 'no birth of plant/edge/press has said which metric is alias 7',
  });
  await send('DBIRTH', birth('level', NOW));
  expect(await intake.replay((await store.deadLetters.get(letter!.id))!)).toBeNull();
  expect(await store.series.range(SERIES, 0, NOW * 2)).toMatchObject([{ value: 1 }, { value: 2 }]);
});

it('the aliases of an edge node end with its session, and a late death of the one before ends nothing', async () => {
  const store = openStore();
  const { send } = replica(store, { patienceMs: 0 });
  const session = (bdSeq: number) => [{ name: 'bdSeq', datatype: 8, long_value: bdSeq }];
  await send('NBIRTH', birth('level', NOW, session(5)));
  await send('NDEATH', { metrics: session(4) });
  await send('NDATA', data(2, NOW + 1));
  expect(await store.deadLetters.count()).toBe(0);
  await send('NDEATH', { metrics: session(5) });
  await send('NDATA', data(3, NOW + 2));
  expect(await store.deadLetters.list(10)).toMatchObject([{ reason: 'unknown-alias' }]);
});

it('a gap in the numbers of messages asks for births where every message is seen', async () => {
  const store = openStore();
  const commands: string[] = [];
  const publish = async (topic: string) => void commands.push(topic);
  const { send } = replica(store, { seesAll: true, publish });
  await send('NBIRTH', { ...birth('level', NOW), seq: 0 });
  for (const seq of [1, 1, 2]) await send('NDATA', data(2, NOW + seq, seq));
  expect(commands).toEqual([]);
  await send('NDATA', data(3, NOW + 9, 4));
  expect(commands).toEqual(['spBv1.0/plant/NCMD/edge']);
});

it('a death makes the series of its sender stale at once, and the next birth ends that', async () => {
  const store = openStore();
  const { send, pipeline, births } = replica(store);
  const watchdog = new Watchdog({
    store,
    rules: { staleAfter: () => 3_600_000 },
    commitOf: staleCommit,
    subscription: {
      since: () => 0,
      answers: async () => true,
      storedUntil: (series) => pipeline.storedUntil(series),
    },
    patience: 0,
    metrics: { staleSeries: () => {}, alertChanged: () => {} },
    logger: pino({ level: 'silent' }),
    now: Date.now,
  });
  onTestFinished(() => watchdog.close());
  births.whenDied = (ended) => watchdog.senderEnded(ended);
  const missing = async (state: 'open' | 'cleared') =>
    (await store.alerts.list({ limit: 9, rule: 'missing', state })).map(({ sensor }) => sensor).sort();
  const nodeBirth = (bdSeq: number, ts: number) => ({
    timestamp: ts,
    seq: 0,
    metrics: [
      { name: 'bdSeq', datatype: 8, long_value: bdSeq },
      { name: 'load', alias: 1, datatype: 10, double_value: 1, timestamp: ts },
    ],
  });
  const death = (bdSeq: number) => ({ metrics: [{ name: 'bdSeq', datatype: 8, long_value: bdSeq }] });
  await send('NBIRTH', nodeBirth(3, NOW));
  await send('DBIRTH', birth('level', NOW));
  await send('DDEATH', { timestamp: NOW + 1, seq: 2, metrics: [] });
  expect(await missing('open')).toEqual(['plant/edge/press']);
  const [raised] = await store.alerts.list({ limit: 9, rule: 'missing' });
  expect(raised!.ts).toBeGreaterThan(NOW);
  expect(raised!.ts).toBeLessThanOrEqual(Date.now());
  await send('DBIRTH', birth('level', NOW + 2));
  expect(await missing('open')).toEqual([]);
  expect(await missing('cleared')).toEqual(['plant/edge/press']);
  // Of a session before.
  await send('NDEATH', death(2));
  expect(await missing('open')).toEqual([]);
  await send('NDEATH', death(3));
  expect(await missing('open')).toEqual(['plant/edge', 'plant/edge/press']);
  await send('NBIRTH', nodeBirth(4, NOW + 3));
  expect(await missing('open')).toEqual(['plant/edge/press']);
});
