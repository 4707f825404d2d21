import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import { type FaultRecord, faultKinds } from '../../devices/faults.ts';
import { type SimulatorOptions, sensorName, startSimulator } from '../../devices/simulator.ts';
import { ConfigurationError, InvalidInput } from '../../src/errors.ts';
import { messageRecorder } from '../helpers/message-recorder.ts';
import { silent, testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const start = Date.UTC(2026, 0, 5);

function options(url: string, more: Partial<SimulatorOptions> = {}): SimulatorOptions {
  return { url, count: 3, intervalMs: 60_000, seed: 1, faults: [], start, logger: silent, ...more };
}

async function truthFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-truth-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'truth.jsonl');
}

async function published(more: Partial<SimulatorOptions>) {
  const recorder = messageRecorder();
  const broker = await testBroker({ onPublish: recorder.onPublish });
  const simulator = startSimulator(options(broker.url, more));
  onTestFinished(() => simulator.stop());
  return { counts: await simulator.done, messages: recorder.byTopic };
}

describe('a schedule in the past', () => {
  test('is published in full at once: names, topics, payloads and timestamps', async () => {
    const { counts, messages } = await published({ readings: 500 });
    expect(counts).toEqual({ published: 1500, acknowledged: 1500, faults: 0 });
    expect([...messages.keys()].sort()).toEqual(
      ['sensor-01', 'sensor-02', 'sensor-03'].map((name) => `sensors/${name}/temperature`),
    );
    for (const payloads of messages.values()) {
      expect(payloads).toHaveLength(500);
      for (const [i, text] of payloads.entries()) {
        const { value, ts, ...rest } = JSON.parse(text);
        expect(rest).toEqual({});
        expect(ts).toBe(start + i * 60_000);
        expect(value).toBeGreaterThan(60);
        expect(value).toBeLessThan(82);
        expect(text).toBe(`{"value":${value},"ts":${ts}}`);
      }
    }
  });

  test('the same seed gives the same bytes and ground truth, however many connections', async () => {
    const files = [await truthFile(), await truthFile(), await truthFile()] as const;
    const common = { readings: 1500, faults: faultKinds, count: 7 };
    const one = await published({ ...common, truthFile: files[0] });
    const again = await published({ ...common, truthFile: files[1], connections: 3, window: 7 });
    const other = await published({ ...common, truthFile: files[2], seed: 2 });
    expect(again.messages).toEqual(one.messages);
    expect(await readFile(files[1], 'utf8')).toBe(await readFile(files[0], 'utf8'));
    expect(other.messages).not.toEqual(one.messages);
    expect(await readFile(files[2], 'utf8')).not.toBe(await readFile(files[0], 'utf8'));
    expect(one.counts.acknowledged).toBe(one.counts.published);
  });

  test('the ground truth tells what was published', async () => {
    const file = await truthFile();
    const { counts, messages } = await published({
      readings: 2500,
      count: 4,
      faults: ['dropout', 'stuck'],
      truthFile: file,
    });
    const records: FaultRecord[] = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toHaveLength(counts.faults);
    expect(records.length).toBeGreaterThan(20);
    for (const record of records) {
      expect(Object.keys(record)).toEqual(['sensor', 'metric', 'fault', 'from', 'to', 'sd']);
      const inside = messages
        .get(`sensors/${record.sensor}/${record.metric}`)!
        .map((text) => JSON.parse(text))
        .filter(({ ts }) => ts >= record.from && ts <= record.to);
      if (record.fault === 'dropout') expect(inside).toEqual([]);
      else if (record.to <= start + 2499 * 60_000) {
        expect(inside).toHaveLength((record.to - record.from) / 60_000 + 1);
        expect(new Set(inside.map(({ value }) => value)).size).toBe(1);
      }
    }
    expect(counts.published).toBe([...messages.values()].reduce((sum, { length }) => sum + length, 0));
  });
});

test('a schedule that reaches the present goes on live, on time', async () => {
  const arrivals: { topic: string; ts: number; at: number }[] = [];
  const broker = await testBroker({
    onPublish: async (topic, payload) => {
      arrivals.push({ topic, ts: JSON.parse(payload.toString()).ts, at: Date.now() });
    },
  });
  const begin = Date.now() - 2000;
  const simulator = startSimulator(
    options(broker.url, { start: begin, intervalMs: 50, readings: 50, count: 5 }),
  );
  onTestFinished(() => simulator.stop());
  const { acknowledged } = await simulator.done;
  expect(acknowledged).toBe(250);
  expect(arrivals.every(({ ts, at }) => at >= ts)).toBe(true);
  const live = arrivals.filter(({ ts }) => ts > begin + 2300);
  expect(live.length).toBeGreaterThan(0);
  // Spread over the interval: the sensors' turns come one after the other.
  const delay = (sensor: number): number =>
    Math.min(
      ...live.filter(({ topic }) => topic.includes(sensorName(sensor, 5))).map(({ ts, at }) => at - ts),
    );
  expect(delay(4)).toBeGreaterThanOrEqual(40);
});

describe('the broker', () => {
  test('may be away at first, and go and come back: every reading arrives, the unacknowledged again', async () => {
    const recorder = messageRecorder();
    const probe = await testBroker();
    const { mqttPort } = probe;
    await probe.close();
    const tcp = { host: '127.0.0.1', port: mqttPort, setting: 'MQTT_PORT' };
    const simulator = startSimulator(options(`mqtt://127.0.0.1:${mqttPort}`, { readings: 3000, window: 50 }));
    onTestFinished(() => simulator.stop());
    await waitFor('the window to fill up', () => simulator.counts().published >= 50);
    for (let round = 1; round <= 3; round++) {
      // Goes away with messages in the hook: some have been recorded and are not acknowledged.
      const broker = await startBroker({ tcp, onPublish: recorder.onPublish, logger: silent });
      onTestFinished(() => broker.close(0));
      await waitFor('messages', () => recorder.count() > round * 2000);
      await broker.close(0);
    }
    const broker = await startBroker({ tcp, onPublish: recorder.onPublish, logger: silent });
    onTestFinished(() => broker.close(0));
    expect(await simulator.done).toEqual({ published: 9000, acknowledged: 9000, faults: 0 });
    for (const payloads of recorder.byTopic.values()) {
      const first = [...new Set(payloads)];
      expect(first).toHaveLength(3000);
      expect(first.map((text) => JSON.parse(text).ts)).toEqual(first.map((_, i) => start + i * 60_000));
    }
  });

  test('that closes the connection without acknowledging gets the readings again', async () => {
    const seen = new Map<string, number>();
    let refusals = 0;
    const broker = await testBroker({
      onPublish: async (_topic, payload) => {
        const text = payload.toString();
        seen.set(text, (seen.get(text) ?? 0) + 1);
        if (seen.size % 100 === 0 && seen.get(text) === 1) {
          refusals++;
          throw new Error('store down');
        }
      },
    });
    const simulator = startSimulator(options(broker.url, { readings: 500, count: 1 }));
    onTestFinished(() => simulator.stop());
    expect(await simulator.done).toMatchObject({ acknowledged: 500 });
    expect(refusals).toBeGreaterThan(0);
    expect(seen.size).toBe(500);
  });

  test('never has more unacknowledged than the window', async () => {
    let open = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const broker = await testBroker({
      onPublish: () => {
        most = Math.max(most, ++open);
        return new Promise((resolve) =>
          release.push(() => {
            open--;
            resolve();
          }),
        );
      },
    });
    const simulator = startSimulator(
      options(broker.url, { readings: 200, count: 2, connections: 1, window: 20 }),
    );
    onTestFinished(() => simulator.stop());
    await waitFor('all acknowledgements', () => {
      for (const free of release.splice(0)) free();
      return simulator.counts().acknowledged === 400;
    });
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(20);
  });

  test('that refuses the credentials is an error', async () => {
    const broker = await testBroker({
      access: { credentials: { username: 'plant', password: 'secret' } },
    });
    const wrong = startSimulator(options(broker.url, { username: 'plant', password: 'wrong', readings: 10 }));
    await expect(wrong.done).rejects.toBeInstanceOf(ConfigurationError);
    await wrong.stop();
    const right = startSimulator(
      options(broker.url, { username: 'plant', password: 'secret', readings: 10 }),
    );
    expect(await right.done).toMatchObject({ acknowledged: 30 });
  });
});

describe('stop', () => {
  test('ends a live run with its counts', async () => {
    const recorder = messageRecorder();
    const broker = await testBroker({ onPublish: recorder.onPublish });
    const simulator = startSimulator(options(broker.url, { start: Date.now() - 1000, intervalMs: 20 }));
    await waitFor('readings', () => recorder.count() > 170);
    await simulator.stop();
    await simulator.stop();
    const counts = await simulator.done;
    expect(counts.acknowledged).toBe(counts.published);
    expect(counts.acknowledged).toBe(recorder.count());
    await waitFor('the disconnect', () => broker.connections() === 0);
  });

  test.each(['while publishing', 'while draining'])(
    'does not wait for a broker that is away, %s',
    async (when) => {
      const readings = when === 'while draining' ? { readings: 10 } : {};
      const simulator = startSimulator(options('mqtt://127.0.0.1:1', { window: 100, ...readings }));
      await waitFor('readings', () => simulator.counts().published >= 30);
      await simulator.stop();
      expect((await simulator.done).acknowledged).toBe(0);
    },
  );

  test('does not wait for a broker that no longer acknowledges', async () => {
    const broker = await testBroker({ onPublish: () => new Promise(() => undefined) });
    const simulator = startSimulator(options(broker.url));
    await waitFor('readings', () => simulator.counts().published >= 1000);
    await simulator.stop();
  });
});

test.each([
  ['count', { count: 0 }],
  ['count', { count: 1.5 }],
  ['interval', { intervalMs: 0 }],
  ['seed', { seed: Number.NaN }],
  ['readings', { readings: -1 }],
  ['connections', { connections: 0 }],
  ['window', { window: 0 }],
  ['start', { start: -5 }],
])('a bad %s is an error that names it: %o', (field, bad) => {
  let error: unknown;
  try {
    startSimulator(options('mqtt://127.0.0.1:1', bad));
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(InvalidInput);
  expect(error).toMatchObject({ field });
});

test('an impossible URL and an unwritable truth file are configuration errors', async () => {
  for (const url of ['localhost', 'http://localhost', ''])
    expect(() => startSimulator(options(url))).toThrow(ConfigurationError);
  const simulator = startSimulator(options('mqtt://127.0.0.1:1', { truthFile: '/nowhere/truth.jsonl' }));
  await expect(simulator.done).rejects.toMatchObject({ code: 'configuration', field: 'truth' });
});
