/** The pipeline on the embedded store, with a store that can be taken away, and with a rival replica. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { artifactBytes } from '../../models/artifact.ts';
import type { SeriesId } from '../../src/domain/series.ts';
import { StoreUnavailable, VigiaError } from '../../src/errors.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { CommitResult, SeriesCommit, Store } from '../../src/store/store.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { type RunningPipeline, runningPipeline } from '../helpers/running-pipeline.ts';
import { smallArtifact, smallModel } from '../helpers/small-model.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const S = { sensor: 's', metric: 'temperature' };

function openStore(): Store {
  const store = openEmbeddedStore({
    directory: temporaryDirectory(),
    retention: 30 * 86_400_000,
    deadLetterMax: 10,
  });
  onTestFinished(() => store.close());
  return store;
}

/** The same store, but `before` may throw or answer instead of a commit. */
function intercepted(
  store: Store,
  before: (commits: readonly SeriesCommit[]) => (CommitResult | null)[] | null,
): Store {
  return alteredStore(store, 'series', {
    async commit(commits) {
      const answers = before(commits) ?? commits.map(() => null);
      const rest = commits.filter((_, i) => answers[i] === null);
      const results = rest.length > 0 ? await store.series.commit(rest) : [];
      return answers.map((answer) => answer ?? results.shift()!);
    },
  });
}

function deliver(
  running: RunningPipeline,
  topic: string,
  payload: string,
  retained = false,
): { acked: boolean; setAside: boolean } {
  const state = { acked: false, setAside: false };
  running.intake.receive({
    topic,
    bytes: Buffer.from(payload),
    retained,
    ack: () => {
      expect(state.acked).toBe(false);
      state.acked = true;
    },
    leaveAckOrder: () => {
      state.setAside = true;
    },
  });
  return state;
}

/** How the readings ended that were given to a pipeline; what is zero is left out. */
async function accounts({ metric }: RunningPipeline) {
  const count = async (name: string) =>
    [name, await metric('vigia_readings_total', `result="${name}"`)] as const;
  const ended = await Promise.all(['committed', 'duplicate', 'dead_lettered', 'rejected'].map(count));
  const all = [...ended, ['in flight', await metric('vigia_readings_in_flight')] as const];
  return Object.fromEntries(all.filter(([, n]) => n !== 0));
}

describe('a full batch', () => {
  it('is scored while the store has the one before, unless it is of the same series', async () => {
    const store = openStore();
    const calls: { readonly series: string[]; readonly release: () => void }[] = [];
    const running = runningPipeline(
      alteredStore(store, 'series', {
        async commit(commits) {
          const series = commits.map((commit) => commit.series.sensor).sort();
          await new Promise<void>((release) => calls.push({ series, release }));
          return store.series.commit(commits);
        },
      }),
      { batchMax: 4 },
    );
    const send = (sensors: string, ts: number) =>
      [...sensors].map((sensor) =>
        deliver(running, `sensors/${sensor}/temperature`, `{"value":1,"ts":${ts}}`),
      );
    const ends = send('abcd', NOW);
    await waitFor('the first batch', () => calls.length === 1);
    // Not a full one beside it: the readings of the first batch's series have to wait.
    ends.push(...send('abc', NOW + 1), ...send('e', NOW));
    await waitFor('the second batch', () => calls.length === 2);
    ends.push(...send('fghi', NOW));
    expect(calls.map(({ series }) => series)).toEqual([['a', 'b', 'c', 'd'], ['e']]);
    expect(ends.filter(({ acked }) => acked)).toHaveLength(0);
    calls[1]!.release();
    await waitFor('its acknowledgement', () => ends[7]!.acked);
    await waitFor('the third batch', () => calls.length === 3);
    expect(calls[2]!.series).toEqual(['f', 'g', 'h', 'i']);
    calls[0]!.release();
    await waitFor('the rest of the first series', () => {
      for (const { release } of calls) release();
      return ends.every(({ acked }) => acked);
    });
    expect(calls.slice(3).flatMap(({ series }) => series)).toEqual(['a', 'b', 'c']);
  });
});

describe('a submission', () => {
  it('that the store has failed is not waited for any more', async () => {
    const store = openStore();
    let fail: ((error: Error) => void) | null = null;
    const running = runningPipeline(
      alteredStore(store, 'series', {
        commit: () =>
          new Promise((_, reject) => {
            fail = reject;
          }),
      }),
    );
    const submit = (ts: number) => running.pipeline.submit([{ ...S, ts, value: 1 }]);
    const first = submit(NOW).catch((error) => error);
    await waitFor('its commit', () => fail);
    const second = submit(NOW + 1).catch((error) => error);
    expect(running.pipeline.storedUntil(S)).toBeLessThanOrEqual(Date.now());
    fail!(new StoreUnavailable('away'));
    expect(await first).toBeInstanceOf(StoreUnavailable);
    expect(await second).toBeInstanceOf(StoreUnavailable);
    await waitFor('nothing to wait', () => running.pipeline.storedUntil(S) === Number.POSITIVE_INFINITY);
  });

  it('answers each reading in order with its verdicts', async () => {
    const running = runningPipeline(openStore());
    const first = await running.pipeline.submit(
      Array.from({ length: 10 }, (_, i) => ({ ...S, ts: NOW - 1000 + i, value: 20 + (i % 3) })),
    );
    expect(first.every(({ status }) => status === 'committed')).toBe(true);
    expect(first[9]).toMatchObject({
      static: null,
      needed: 10,
      verdict: { expected: null, score: null, warmup: true },
    });
    const [outcome, twice, future, old] = await running.pipeline.submit([
      { ...S, ts: NOW, value: 50 },
      { ...S, ts: NOW - 1000, value: 20 },
      { ...S, ts: NOW + 86_400_000, value: 20 },
      { ...S, ts: NOW - 31 * 86_400_000, value: 20 },
    ]);
    expect(outcome).toMatchObject({
      status: 'committed',
      reading: { ...S, ts: NOW, value: 50 },
      static: { anomaly: true },
      window: [20, 21, 22, 20, 21, 22, 20, 21, 22, 20],
    });
    expect(twice).toMatchObject({ status: 'duplicate' });
    expect(future).toMatchObject({ status: 'rejected', field: 'ts', reason: 'in-the-future' });
    expect(old).toMatchObject({ status: 'rejected', field: 'ts', reason: 'older-than-retention' });
    expect(await accounts(running)).toEqual({ committed: 11, duplicate: 1, rejected: 2 });
  });

  it('has a finite error also between the ends of the doubles', async () => {
    const running = runningPipeline(openStore());
    const values = [...Array.from({ length: 10 }, () => -1.7e308), 1.7e308];
    const outcomes = await running.pipeline.submit(
      values.map((value, i) => ({ ...S, ts: NOW - 1000 + i, value })),
    );
    expect(outcomes.at(-1)).toMatchObject({ static: { error: Number.MAX_VALUE, anomaly: true } });
  });

  it('without timestamps gets increasing ones, until they would run ahead of the clock', async () => {
    const running = runningPipeline(openStore(), { now: () => NOW });
    const many = await running.pipeline.submit(Array.from({ length: 1200 }, (_, i) => ({ ...S, value: i })));
    const times = many.flatMap((outcome) => (outcome.status === 'committed' ? [outcome.reading.ts] : []));
    expect(times).toEqual(Array.from({ length: 1001 }, (_, i) => NOW + i));
    expect(many.slice(1001).every(({ status }) => status === 'busy')).toBe(true);
    expect(await accounts(running)).toEqual({ committed: 1001, rejected: 199 });
  });

  it('fails with StoreUnavailable while the store is away, at the deadline if it hangs', async () => {
    const store = openStore();
    let away = true;
    const flaky = intercepted(store, () => {
      if (away) throw new StoreUnavailable('gone');
      return null;
    });
    const running = runningPipeline(flaky);
    await expect(running.pipeline.submit([{ ...S, ts: NOW, value: 1 }])).rejects.toThrow('gone');
    away = false;
    await waitFor('the store', () => running.pipeline.submit([{ ...S, ts: NOW, value: 1 }]));
    const hanging = runningPipeline(alteredStore(store, 'series', { commit: () => new Promise(() => {}) }), {
      deadlineMs: 50,
    });
    await expect(hanging.pipeline.submit([{ ...S, ts: NOW, value: 1 }])).rejects.toThrow(/HTTP_DEADLINE/);
    expect(await accounts(hanging)).toEqual({ rejected: 1 });
  });
});

describe('the readings of requests that wait', () => {
  it('are counted, and bounded together', async () => {
    const store = openStore();
    const release: (() => void)[] = [];
    const running = runningPipeline(
      alteredStore(store, 'series', {
        async commit(commits) {
          await new Promise<void>((resolve) => release.push(resolve));
          return store.series.commit(commits);
        },
      }),
      { maxRequestBytes: 3000 },
    );
    const request = (n: number, ts: number) =>
      running.pipeline.submit(Array.from({ length: n }, (_, i) => ({ ...S, ts: ts + i, value: 1 })));
    // Alone, a request may be larger than the bound.
    const first = request(11, NOW);
    await expect(request(1, NOW + 100)).rejects.toThrow(/MAX_IN_FLIGHT_BYTES \(3000\)/);
    expect(await running.metric('vigia_in_flight_bytes')).toBe(3300);
    (await waitFor('its commit', () => release.shift()))();
    expect(await first).toHaveLength(11);
    const [second, third] = [request(5, NOW + 200), request(5, NOW + 300)];
    await expect(request(1, NOW + 400)).rejects.toMatchObject({ code: 'store_unavailable' });
    await waitFor('the others', async () => {
      release.shift()?.();
      return (await running.metric('vigia_in_flight_bytes')) === 0;
    });
    expect([...(await second), ...(await third)]).toHaveLength(10);
    expect(await accounts(running)).toEqual({ committed: 21 });
  });
});

describe('a message', () => {
  it('is acknowledged once everything in it is stored, also as dead letters', async () => {
    const store = openStore();
    const running = runningPipeline(store);
    const good = deliver(running, 'sensors/a/temperature', `[{"value":1,"ts":${NOW}},{"value":"x"},2]`);
    const bad = deliver(running, 'sensors/a/temperature', 'abc');
    const again = deliver(running, 'sensors/a/temperature', 'abc');
    await waitFor('the acknowledgements', () => good.acked && bad.acked && again.acked);
    const letters = await store.deadLetters.list(10);
    expect(letters.map(({ reason, count }) => [reason, count]).sort()).toEqual([
      ['bad-value', 1],
      ['not-json', 2],
    ]);
    const { id } = letters.find(({ reason }) => reason === 'not-json')!;
    const letter = (await store.deadLetters.get(id))!;
    expect(Buffer.from(letter.bytes).toString()).toBe('abc');
    expect(letter.topic).toBe('sensors/a/temperature');
    expect(await accounts(running)).toEqual({ committed: 2, dead_lettered: 3 });
  });

  it('waits while the store is away, and is stored once it is back', async () => {
    const store = openStore();
    let away = 3;
    const running = runningPipeline(
      intercepted(store, () => {
        if (away-- > 0) throw new StoreUnavailable('gone');
        return null;
      }),
    );
    const message = deliver(running, 'sensors/a/temperature', `{"value":1,"ts":${NOW}}`);
    await waitFor('the second try', () => away < 2);
    expect(message.acked).toBe(false);
    expect(await accounts(running)).toEqual({ 'in flight': 1 });
    await waitFor('the acknowledgement', () => message.acked);
    expect(await store.series.range({ sensor: 'a', metric: 'temperature' }, 0, NOW)).toHaveLength(1);
  });

  it('of a series that cannot be written waits alone; others go on', async () => {
    const store = openStore();
    let broken = true;
    const running = runningPipeline(
      intercepted(store, (commits) =>
        commits.map(({ series }) =>
          broken && series.sensor === 'broken'
            ? { status: 'failed', error: new VigiaError('wrong_type', 'a key of another type') }
            : null,
        ),
      ),
    );
    const before = Date.now();
    const bad = deliver(running, 'sensors/broken/temperature', `{"value":1,"ts":${NOW}}`);
    const good = deliver(running, 'sensors/fine/temperature', `{"value":1,"ts":${NOW}}`);
    const storedUntil = (sensor: string) => running.pipeline.storedUntil({ sensor, metric: 'temperature' });
    await waitFor('the good one', () => good.acked && storedUntil('fine') === Number.POSITIVE_INFINITY);
    expect(bad).toEqual({ acked: false, setAside: true });
    expect(good.setAside).toBe(false);
    const since = storedUntil('broken');
    expect(since).toBeGreaterThanOrEqual(before - 1);
    expect(since).toBeLessThanOrEqual(Date.now());
    deliver(running, 'sensors/broken/temperature', `{"value":2,"ts":${NOW + 1}}`);
    expect(storedUntil('broken')).toBeCloseTo(since, -1);
    await expect(
      running.pipeline.submit([{ sensor: 'broken', metric: 'temperature', ts: NOW, value: 1 }]),
    ).rejects.toThrow('a key of another type');
    broken = false;
    await waitFor('the other one', () => bad.acked);
    await waitFor('nothing to wait', () => storedUntil('broken') === Number.POSITIVE_INFINITY);
  });

  it('of one series too many is kept as a dead letter, or refused; series that there are go on', async () => {
    const store = openStore();
    const running = runningPipeline(store, { maxSeries: 3, maxUserSeries: 2 });
    const send = async (sensor: string, user?: string) => {
      let acked = false;
      const bytes = Buffer.from('20');
      running.intake.receive({
        ...{ topic: `sensors/${sensor}/temperature`, bytes, user },
        ack: () => {
          acked = true;
        },
      });
      await waitFor('the acknowledgement', () => acked);
    };
    for (const sensor of ['a', 'b', 'c']) await send(sensor, 'ana');
    await send('d');
    await send('e');
    for (const sensor of ['a', 'd']) await send(sensor);
    expect((await store.series.list()).map(({ sensor }) => sensor)).toEqual(['a', 'b', 'd']);
    const letters = await store.deadLetters.list(9);
    expect(letters.map(({ topic }) => topic)).toEqual(['sensors/e/temperature', 'sensors/c/temperature']);
    expect(letters.map(({ detail }) => detail)).toEqual([
      expect.stringContaining('MAX_SERIES'),
      expect.stringContaining('MAX_USER_SERIES'),
    ]);
    const [outcome] = await running.pipeline.submit([{ sensor: 'f', metric: 'temperature', value: 1 }]);
    expect(outcome).toMatchObject({ status: 'rejected', reason: 'too-many-series' });
    expect(await accounts(running)).toMatchObject({ committed: 5, dead_lettered: 2, rejected: 1 });
  });

  it('of a series that cannot be written waits up to a bound; the rest is kept as dead letters', async () => {
    const store = openStore();
    let broken = true;
    const running = runningPipeline(
      intercepted(store, (commits) =>
        commits.map(({ series }) =>
          broken && series.sensor.startsWith('broken')
            ? { status: 'failed', error: new VigiaError('wrong_type', 'a key of another type') }
            : null,
        ),
      ),
      { maxSeriesWaiting: 3, maxUnwritable: 5 },
    );
    const send = (sensor: string, count: number) =>
      Array.from({ length: count }, (_, i) =>
        deliver(running, `sensors/${sensor}/temperature`, `{"value":${i},"ts":${NOW + i}}`),
      );
    const [first, second] = [send('broken-1', 5), send('broken-2', 5)];
    await waitFor('the rest', async () => (await store.deadLetters.count()) === 5);
    await waitFor('their acknowledgement', () => [...first, ...second].filter((m) => m.acked).length === 5);
    expect((await store.deadLetters.list(9)).map(({ reason }) => reason)).toEqual(
      Array(5).fill('series-unwritable'),
    );
    broken = false;
    await waitFor('the others', () => [...first, ...second].every(({ acked }) => acked));
    for (const { id } of await store.deadLetters.list(9)) {
      expect(await running.intake.replay((await store.deadLetters.get(id))!)).toBeNull();
    }
    const kept = await Promise.all(
      ['broken-1', 'broken-2'].map((sensor) =>
        store.series.range({ sensor, metric: 'temperature' }, 0, NOW * 2),
      ),
    );
    expect(kept.map((samples) => samples.length)).toEqual([5, 5]);
  });

  it.each([
    ['commits', 'commit' as const],
    ['reads', 'load' as const],
  ])('of a series at which the store fails unexpectedly in %s waits alone', async (_, method) => {
    const store = openStore();
    const failing = async (asked: readonly (SeriesCommit | SeriesId)[]) => {
      const names = asked.map((one) => ('series' in one ? one.series : one).sensor);
      if (names.includes('broken')) throw new TypeError('cannot read properties of undefined');
      return (store.series[method] as (asked: readonly unknown[]) => Promise<never>)(asked);
    };
    const running = runningPipeline(alteredStore(store, 'series', { [method]: failing }));
    const bad = deliver(running, 'sensors/broken/temperature', `{"value":1,"ts":${NOW}}`);
    const good = ['a', 'b'].map((name) =>
      deliver(running, `sensors/${name}/temperature`, `{"value":1,"ts":${NOW}}`),
    );
    await waitFor('the good ones', () => good.every(({ acked }) => acked), 1000);
    expect(bad.acked).toBe(false);
    const request = running.pipeline.submit([
      { sensor: 'broken', metric: 'temperature', ts: NOW, value: 1 },
      { sensor: 'c', metric: 'temperature', ts: NOW, value: 1 },
    ]);
    await expect(request).rejects.toThrow('broken/temperature cannot be written');
    // The other reading of the request may have been committed before the request failed.
    const { committed = 0, rejected = 0, ...rest } = await accounts(running);
    expect([committed + rejected, rest]).toEqual([4, { 'in flight': 1 }]);
  });

  it('set aside is not tried again with the rest of its batch', async () => {
    const store = openStore();
    const running = runningPipeline(store, { cacheSize: 1 });
    await running.pipeline.submit([{ sensor: 'broken', metric: 'temperature', ts: NOW - 1, value: 1 }]);
    let broken = true;
    let away = true;
    const other = runningPipeline(
      alteredStore(store, 'series', {
        async load(series) {
          const records = await store.series.load(series);
          return records.map((record) =>
            broken && record ? { ...record, season: Uint8Array.of(1) } : record,
          );
        },
        async commit(commits) {
          if (away) throw new StoreUnavailable('gone');
          return store.series.commit(commits);
        },
      }),
    );
    const bad = deliver(other, 'sensors/broken/temperature', `{"value":1,"ts":${NOW}}`);
    const good = deliver(other, 'sensors/a/temperature', `{"value":1,"ts":${NOW}}`);
    await waitFor('the outage', () =>
      other.pipeline.submit([{ ...S, ts: NOW, value: 1 }]).then(
        () => false,
        ({ message }) => message === 'gone',
      ),
    );
    away = false;
    await waitFor('the good one', () => good.acked);
    expect(bad.acked).toBe(false);
    broken = false;
    await waitFor('the bad one', () => bad.acked);
    // What ends twice counts twice.
    expect(await accounts(other)).toMatchObject({ committed: 2 });
    expect(await accounts(other)).not.toHaveProperty('in flight');
  });

  it('whose dead letter is tried again adds what is behind the letter, and nothing twice', async () => {
    const store = openStore();
    const running = runningPipeline(store);
    const stored = async () =>
      (await store.series.range({ sensor: 'a', metric: 'temperature' }, 0, NOW * 2)).length;
    const message = deliver(running, 'sensors/a/temperature', '[21.5,"x",22,{"value":"y"}]');
    await waitFor('the acknowledgement', () => message.acked);
    expect(await stored()).toBe(2);
    const letters = await store.deadLetters.list(10);
    expect(letters.map(({ reason }) => reason).sort()).toEqual(['bad-payload', 'bad-value']);
    for (const letter of letters) {
      expect(await running.intake.replay((await store.deadLetters.get(letter.id))!)).toBe(letter.detail);
      expect(await store.deadLetters.get(letter.id)).toMatchObject({ count: 2 });
    }
    expect(await stored()).toBe(2);

    const narrow = runningPipeline(store, { maxReadings: 3 });
    const long = deliver(narrow, 'sensors/b/temperature', '[1,2,3,4]');
    await waitFor('the acknowledgement', () => long.acked);
    const whole = (await store.deadLetters.list(10)).find(({ topic }) => topic === 'sensors/b/temperature')!;
    expect(await running.intake.replay((await store.deadLetters.get(whole.id))!)).toBeNull();
    expect(await store.series.range({ sensor: 'b', metric: 'temperature' }, 0, NOW * 2)).toHaveLength(4);
  });

  it('with very many bad elements is kept a bounded number of times', async () => {
    const store = openStore();
    const sizes: number[] = [];
    const running = runningPipeline(
      alteredStore(store, 'deadLetters', {
        async add(letters) {
          sizes.push(...letters.map(({ bytes }) => bytes.length));
          return store.deadLetters.add(letters);
        },
      }),
    );
    const payload = `[${'"xxxxxxxxxxxxxxxxxxxxx",'.repeat(9_999)}5]`;
    const message = deliver(running, 'sensors/a/temperature', payload);
    await waitFor('the acknowledgement', () => message.acked);
    // Ten thousand times the message is 2.4 GB, in this process and in the store.
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(5_000_000);
    expect(await accounts(running)).toEqual({ committed: 1, dead_lettered: 9_999 });
  });

  it('that cannot be kept as a dead letter waits; others go on', async () => {
    const store = openStore();
    let broken = true;
    const running = runningPipeline(
      alteredStore(store, 'deadLetters', {
        async add(letters) {
          if (broken) throw new VigiaError('store_key', 'a key of another type');
          return store.deadLetters.add(letters);
        },
      }),
    );
    const bad = [
      deliver(running, 'sensors/a/temperature', 'abc'),
      deliver(running, 'sensors/b/temperature', `{"value":1,"ts":${NOW + 9e6}}`),
    ];
    const good = deliver(running, 'sensors/c/temperature', `{"value":1,"ts":${NOW}}`);
    await waitFor('the good one', () => good.acked);
    expect(await running.pipeline.submit([{ ...S, ts: NOW + 9e6, value: 1 }])).toMatchObject([
      { status: 'rejected', reason: 'in-the-future' },
    ]);
    expect(bad.some(({ acked }) => acked)).toBe(false);
    expect(await accounts(running)).toEqual({ committed: 1, rejected: 1, 'in flight': 2 });
    broken = false;
    await waitFor('the dead letters', () => bad.every(({ acked }) => acked));
    expect(await store.deadLetters.count()).toBe(2);
    expect(await accounts(running)).toEqual({ committed: 1, rejected: 1, dead_lettered: 2 });
  });

  it('without a time is ignored if it was retained', async () => {
    const store = openStore();
    const running = runningPipeline(store);
    const undated = deliver(running, 'sensors/a/temperature', '21', true);
    const dated = deliver(running, 'sensors/a/temperature', `{"value":1,"ts":${NOW}}`, true);
    await waitFor('both', () => undated.acked && dated.acked);
    expect(await store.series.range({ sensor: 'a', metric: 'temperature' }, 0, NOW + 1e6)).toHaveLength(1);
    expect(await running.metric('vigia_retained_ignored_total')).toBe(1);
    expect(await accounts(running)).toEqual({ committed: 1 });
  });

  it('left unfinished by a close is not acknowledged', async () => {
    const store = openStore();
    const running = runningPipeline(
      intercepted(store, () => {
        throw new StoreUnavailable('gone');
      }),
    );
    const message = deliver(running, 'sensors/a/temperature', `{"value":1,"ts":${NOW}}`);
    await running.pipeline.close(50);
    expect(message.acked).toBe(false);
    await expect(running.pipeline.submit([{ ...S, ts: NOW, value: 1 }])).rejects.toThrow(/shutting down/);
  });
});

describe('two replicas on one store', () => {
  it('that each see every other reading store the same as one', async () => {
    const readings = Array.from({ length: 600 }, (_, i) => ({
      ...S,
      ts: NOW - 600_000 + i * 1000,
      value: Math.round((71 + Math.sin(i / 9) + (i % 97 === 50 ? 9 : 0)) * 100) / 100,
    }));
    const alone = openStore();
    await runningPipeline(alone).pipeline.submit(readings);
    const shared = openStore();
    const replicas = [runningPipeline(shared), runningPipeline(shared)] as const;
    await Promise.all(
      replicas.map(async ({ pipeline }, r) => {
        for (let i = r; i < readings.length; i += 2) await pipeline.submit([readings[i]!]);
      }),
    );
    expect(await shared.series.range(S, 0, NOW)).toEqual(await alone.series.range(S, 0, NOW));
    const [one, two] = [(await alone.series.load([S]))[0]!, (await shared.series.load([S]))[0]!];
    expect(Buffer.from(two.state).equals(Buffer.from(one.state))).toBe(true);
    const alerts = async (store: Store) =>
      (await store.alerts.list({ limit: 100 })).map(({ revision, acknowledged, ...alert }) => alert);
    expect(await alerts(shared)).toEqual(await alerts(alone));
    const retries = await Promise.all(replicas.map(({ metric }) => metric('vigia_commit_retries_total')));
    expect(Math.max(...retries)).toBeGreaterThan(0);
  });
});

it('series that others have committed first are tried again one by one, each read right before', async () => {
  const store = openStore();
  const calls: string[] = [];
  const names = (list: readonly SeriesId[]) =>
    list
      .map(({ sensor }) => sensor)
      .sort()
      .join(' ');
  let first = true;
  const running = runningPipeline(
    alteredStore(store, 'series', {
      async load(series) {
        calls.push(`load ${names(series)}`);
        return store.series.load(series);
      },
      async commit(commits) {
        calls.push(`commit ${names(commits.map(({ series }) => series))}`);
        if (!first) return store.series.commit(commits);
        first = false;
        return commits.map(() => ({ status: 'conflict', current: null }));
      },
    }),
  );
  await running.pipeline.submit(['a', 'b'].map((sensor) => ({ sensor, metric: 'm', ts: NOW, value: 1 })));
  expect(calls.splice(0, 2)).toEqual(['load a b', 'commit a b']);
  expect(calls.join(', ')).toMatch(
    /^load a, commit a, load b, commit b$|^load b, commit b, load a, commit a$/,
  );
});

describe('a change of model', () => {
  it('takes effect at the next new reading, and re-folds use the model in force at each', async () => {
    const store = openStore();
    const artifacts = [smallArtifact('first', 1), smallArtifact('second', 2)];
    const models = [smallModel('first', 1), smallModel('second', 2)];
    for (const [i, artifact] of artifacts.entries())
      await store.models.put(models[i]!.id, artifactBytes(artifact));
    const readings = Array.from({ length: 120 }, (_, i) => ({
      ...S,
      ts: NOW - 120_000 + i * 1000,
      value: 20 + (i % 7) / 3,
    }));
    const late = readings[40]!;
    const inTime = readings.filter((reading) => reading !== late);
    await runningPipeline(store, { model: models[0]! }).pipeline.submit(inTime.slice(0, 60));
    const second = runningPipeline(store, { model: models[1]! });
    await second.pipeline.submit(inTime.slice(60));
    const [before] = await store.series.load([S]);
    expect(before!.assignments).toEqual([
      { from: 0, model: models[0]!.id },
      { from: inTime[60]!.ts, model: models[1]!.id },
    ]);
    await second.pipeline.submit([late]);

    const ordered = openStore();
    for (const [i, artifact] of artifacts.entries())
      await ordered.models.put(models[i]!.id, artifactBytes(artifact));
    await runningPipeline(ordered, { model: models[0]! }).pipeline.submit(readings.slice(0, 61));
    await runningPipeline(ordered, { model: models[1]! }).pipeline.submit(readings.slice(61));
    expect(await store.series.range(S, 0, NOW)).toEqual(await ordered.series.range(S, 0, NOW));
    const expected = async (from: Store) => (await from.series.load([S]))[0]!.assignments;
    expect(await expected(store)).toEqual(await expected(ordered));
  });
});

it('a negative zero is a zero, from a message and from a request', async () => {
  const store = openStore();
  const running = runningPipeline(store);
  const [outcome] = await running.pipeline.submit([{ ...S, ts: NOW, value: -0 }]);
  expect(outcome).toMatchObject({ status: 'committed', reading: { value: 0 } });
  const messages = [`{"value":-0,"ts":${NOW + 1}}`, `[{"value":-0.0,"ts":${NOW + 2}}]`];
  for (const payload of messages) {
    const message = deliver(running, 'sensors/s/temperature', payload);
    await waitFor('the acknowledgement', () => message.acked);
  }
  const undated = deliver(running, 'sensors/s/temperature', '-0');
  await waitFor('the acknowledgement', () => undated.acked);
  const values = (await store.series.range(S, 0, NOW + 1e9)).map(({ value }) => value);
  expect(values).toHaveLength(4);
  for (const value of values) expect(value).toBe(0);
});
