/**
 * Nothing that arrives stops the intake: among mutated payloads and topics every good reading is committed, and every bad
 * message is kept as a dead letter with its topic and bytes.
 */
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';
import { type Counts, countsOf } from '../helpers/accounting-watch.ts';
import type { Child } from '../helpers/child.ts';
import { figures, inForm } from '../helpers/fault-form.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { type MutatedMessage, mutatedMessages } from '../helpers/mutated-messages.ts';
import { startReplicas } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { storeAt } from '../helpers/stored-load.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const { mutated, deadline } = inForm({
  short: { mutated: 6000, deadline: 180_000 },
  long: { mutated: 100_000, deadline: 1_200_000 },
});
const SEED = 20_261_101;
const START = Math.floor(Date.now() / 1000) * 1000 - 86_400_000;
const ENV = { DEAD_LETTER_MAX: '1000000', LOG_LEVEL: 'error' };

async function publishAll(url: string, messages: readonly MutatedMessage[]): Promise<void> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4 });
  let closed = 0;
  client.on('close', () => closed++);
  onTestFinished(() => void client.end(true));
  for (let i = 0; i < messages.length; i += 500) {
    const part = messages.slice(i, i + 500);
    await Promise.all(part.map(({ topic, payload }) => client.publishAsync(topic, payload, { qos: 1 })));
  }
  expect(closed, 'a bad message must not cost the device its connection').toBe(0);
  await client.endAsync();
}

/** Waits until all that was published has ended, and holds the counts against each other. */
async function settled(url: string, messages: readonly MutatedMessage[]): Promise<Counts> {
  const counts = await waitFor(
    'the end of every message',
    async () => {
      const now = await countsOf(url);
      // An array of readings counts each of them, so there may be more.
      return now.received >= messages.length && now.inFlight === 0 ? now : null;
    },
    120_000,
  );
  const { received, committed, duplicate, deadLettered, rejected } = counts;
  figures({ received, committed, duplicate, deadLettered });
  expect(committed + duplicate + deadLettered).toBe(received);
  expect(rejected).toBe(0);
  expect(deadLettered).toBeGreaterThanOrEqual(messages.filter(({ kind }) => kind === 'bad').length);
  return counts;
}

const contentOf = (topic: string, bytes: Uint8Array) => `${topic}\n${Buffer.from(bytes).toString('base64')}`;

/** What no reader of readings could take for one, nor for a word that says that there is none. */
function isGarbage(payload: Buffer): boolean {
  const text = payload.toString('utf8').replace(/\0+$/, '');
  // Bytes that are no text may be a map of CBOR or MessagePack.
  if (!Buffer.from(text).equals(payload)) return false;
  if (/^(nan|null|unknown|unavailable|on|off|true|false)?$/i.test(text.trim())) return false;
  if (/^[+-]?[\d.]+(e[+-]?\d+)?\s*\S{0,8}$/i.test(text.trim()) || /NaN|Infinity|=/.test(text)) return false;
  try {
    JSON.parse(text.trim());
    return false;
  } catch {
    return true;
  }
}

async function expectSorted(store: Store, messages: readonly MutatedMessage[]): Promise<void> {
  const good = new Map<string, { ts: number; value: number }[]>();
  for (const { kind, topic, payload } of messages) {
    if (kind !== 'good') continue;
    const sensor = topic.split('/')[1]!;
    good.set(sensor, [...(good.get(sensor) ?? []), JSON.parse(payload.toString())]);
  }
  for (const [sensor, readings] of good) {
    const found = await store.series.range({ sensor, metric: 'temperature' }, 0, Number.MAX_SAFE_INTEGER);
    expect(
      found.map(({ ts, value }) => ({ ts, value })),
      sensor,
    ).toEqual(readings.map(({ ts, value }) => ({ ts, value })));
  }
  const letters = await store.deadLetters.list(1_000_000);
  expect(letters).toHaveLength(await store.deadLetters.count());
  const kept = new Set<string>();
  for (const { id } of letters) {
    const { topic, bytes } = (await store.deadLetters.get(id))!;
    kept.add(contentOf(topic, bytes));
  }
  const published = new Map(messages.map((message) => [contentOf(message.topic, message.payload), message]));
  const lost = [...published].filter(
    ([content, { kind, payload }]) => (kind === 'bad' || isGarbage(payload)) && !kept.has(content),
  );
  expect(lost.map(([, { topic, payload }]) => `${topic} ${payload}`)).toEqual([]);
  const invented = [...kept].filter((content) => (published.get(content)?.kind ?? 'good') === 'good');
  expect(invented).toEqual([]);
}

function expectNoCrash({ output, ended }: { output: string; ended: boolean }): void {
  expect(ended).toBe(false);
  expect(output).not.toMatch(/"level":(50|60)|batch failed|unhandled/i);
}

const messages = mutatedMessages(mutated, SEED, START);

it(
  `vigia serve: ${mutated} mutated messages among good ones, no crash, the good ones committed and the bad ones kept`,
  async () => {
    const data = temporaryDirectory();
    const server: Child & { url: string; mqttUrl: string } = await serve(['--no-devices', '--data', data], {
      env: ENV,
    });
    await publishAll(server.mqttUrl, messages);
    await settled(server.url, messages);
    expectNoCrash({ output: server.output(), ended: server.process.exitCode !== null });
    await server.kill('SIGTERM');
    const store = await openEmbeddedStore({
      directory: data,
      retention: 30 * 86_400_000,
      deadLetterMax: 1_000_000,
    });
    onTestFinished(() => store.close());
    await expectSorted(store, messages);
  },
  deadline,
);

describe.skipIf(!MOSQUITTO || !REDIS)('bad messages (needs mosquitto and redis-server)', () => {
  it(
    `vigia bridge: ${mutated} mutated messages among good ones, no crash, the good ones committed and the bad ones kept`,
    async () => {
      const [broker, redis] = await Promise.all([startMosquitto(), startRedis()]);
      const [replica] = await startReplicas(1, { MQTT_URL: broker.url, REDIS_URL: redis.url, ...ENV });
      await publishAll(broker.url, messages);
      await settled(await replica!.url, messages);
      expectNoCrash(replica!);
      await expectSorted(await storeAt(redis.url), messages);
    },
    deadline,
  );
});
