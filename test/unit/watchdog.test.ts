/** Promises of the alert `missing`: once, however many look; ended by the next reading; never because we do not hear. */
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { MissingRule } from '../../src/domain/alert-rule.ts';
import { DEFAULT_RULES } from '../../src/domain/alert-rule.ts';
import type { Pipeline } from '../../src/pipeline/pipeline.ts';
import { RuleBook } from '../../src/planning/rule-book.ts';
import { staleCommit } from '../../src/planning/stale-commit.ts';
import { type Subscription, Watchdog } from '../../src/staleness/watchdog.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';

const S = { sensor: 's', metric: 'temperature' };
const LIMIT = 300;
const BOUNDS = { minimum: 100, maxClockSkew: 1000 };

function book(missing: MissingRule = { after: LIMIT }): RuleBook {
  return new RuleBook([], { ...DEFAULT_RULES, anomaly: false, missing }, BOUNDS, 10);
}

function openStore(): Store {
  const directory = temporaryDirectory();
  const store = openEmbeddedStore({ directory, retention: 30 * 86_400_000, deadLetterMax: 10 });
  onTestFinished(() => store.close());
  return store;
}

/** A replica: what commits, and what looks. */
function replica(
  store: Store,
  rules = book(),
  hears: Partial<Subscription> = {},
  pipeline = runningPipeline(store, { rules }).pipeline,
  logger = pino({ level: 'silent' }),
  rest: { readonly patience?: number; readonly now?: () => number } = {},
): Pipeline {
  const start = Date.now();
  const watchdog = new Watchdog({
    store,
    rules,
    commitOf: staleCommit,
    subscription: {
      since: () => start,
      answers: async () => true,
      storedUntil: (series) => pipeline.storedUntil(series),
      ...hears,
    },
    patience: 0,
    now: Date.now,
    ...rest,
    metrics: { staleSeries: () => {}, alertChanged: () => {} },
    logger,
  });
  pipeline.on('committed', (series, { commit }) => {
    if (commit.next?.watch) watchdog.note(series, commit.next.watch);
  });
  watchdog.start();
  onTestFinished(() => watchdog.close());
  return pipeline;
}

const alerts = (store: Store, sensor = S.sensor) => store.alerts.list({ sensor, limit: 100 });
const status = async (store: Store) =>
  (await store.series.list()).find(({ sensor }) => sensor === S.sensor)?.status;

/** Until the alert of a series that fell silent last is there: by then all before it would be. */
async function goStale(store: Store, pipeline: Pipeline, sensor: string): Promise<void> {
  await pipeline.submit([{ sensor, metric: 'm', ts: Date.now(), value: 1 }]);
  await waitFor(`the stale series ${sensor}`, async () => (await alerts(store, sensor)).length > 0);
}

describe('the alert missing', () => {
  it('is raised once by many replicas, and cleared by the next reading', async () => {
    const store = openStore();
    const pipeline = replica(store);
    // Others that watch the same series.
    for (let i = 0; i < 3; i++) replica(store, book(), {}, pipeline);
    const ts = Date.now();
    await pipeline.submit([{ ...S, ts, value: 21 }]);
    await waitFor('the alert', async () => (await alerts(store)).length > 0);
    const raised = {
      ...S,
      id: `s/temperature/missing/${ts + LIMIT}`,
      rule: 'missing',
      ts: ts + LIMIT,
      value: 21,
      expected: null,
      score: null,
      limit: LIMIT,
      acknowledged: false,
    };
    await goStale(store, pipeline, 'clock');
    expect(await alerts(store)).toEqual([{ ...raised, state: 'open', clearedTs: null, revision: 1 }]);
    expect(await status(store)).toBe('silent');
    const next = Date.now();
    await pipeline.submit([{ ...S, ts: next, value: 22 }]);
    expect(await alerts(store)).toEqual([{ ...raised, state: 'cleared', clearedTs: next, revision: 2 }]);
    expect(await status(store)).toBe('warmup');
    await waitFor('the next alert', async () => (await alerts(store)).length === 2);
  });

  it('stays while late readings are folded, and takes no part in what is folded', async () => {
    const store = openStore();
    const pipeline = replica(store);
    const last = Date.now();
    const readings = Array.from({ length: 200 }, (_, i) => ({
      ...S,
      ts: last - (199 - i) * 1000,
      value: 20 + Math.sin(i),
    }));
    await pipeline.submit(readings.filter((_, i) => i !== 150));
    const lag = (await store.series.list())[0]!.watch!.lag!;
    expect(lag).toBeGreaterThan(198_000);
    // A commit of one reading at a time brings the lag down.
    for (let i = 1; i <= 40; i++) await pipeline.submit([{ ...S, ts: last + i, value: 20 }]);
    await waitFor('the alert', async () => (await alerts(store)).length > 0);
    const [before] = await alerts(store);
    await pipeline.submit([readings[150]!]);
    expect(await alerts(store)).toEqual([before]);
    expect(await status(store)).toBe('silent');
    const never = openStore();
    const { pipeline: quiet } = runningPipeline(never, { rules: book(null) });
    const all = [
      ...readings,
      ...Array.from({ length: 40 }, (_, i) => ({ ...S, ts: last + i + 1, value: 20 })),
    ];
    await quiet.submit(all);
    const [[silent], [other]] = await Promise.all([store.series.load([S]), never.series.load([S])]);
    expect(Buffer.from(silent!.state).equals(other!.state)).toBe(true);
    const hex = async (of: Store, n: number) =>
      Buffer.from((await of.series.snapshot(S, n))!).toString('hex');
    expect(silent!.snapshots.map(({ n }) => n)).toEqual([64, 128, 192]);
    for (const { n } of silent!.snapshots) expect(await hex(store, n)).toBe(await hex(never, n));
  });

  it('is not raised for recordings, nor for series without a usual interval, nor without the rule', async () => {
    const store = openStore();
    const rules = new RuleBook(
      [
        { sensor: 'off', metric: '*', missing: null },
        { sensor: 'clock*', metric: '*', missing: { after: LIMIT } },
      ],
      { ...DEFAULT_RULES, missing: { factor: 3 } },
      BOUNDS,
      10,
    );
    const pipeline = replica(store, rules);
    const from = Date.now() - 16 * 50;
    const every50ms = (sensor: string, shift = 0) =>
      Array.from({ length: 17 }, (_, i) => ({ sensor, metric: 'm', ts: from + i * 50 - shift, value: i }));
    await pipeline.submit([
      ...every50ms('recording', 60_000),
      ...every50ms('few').slice(1),
      ...every50ms('off'),
      ...every50ms('regular'),
    ]);
    await waitFor('the alert', async () => (await alerts(store, 'regular')).length > 0, 10_000);
    await goStale(store, pipeline, 'clock');
    const raised = await store.alerts.list({ limit: 100 });
    expect(raised.map(({ sensor }) => sensor).sort()).toEqual(['clock', 'regular']);
    // Three intervals, and no less than the minimum.
    expect(raised.find(({ sensor }) => sensor === 'regular')).toMatchObject({
      limit: 150,
      ts: from + 800 + 150,
    });
  });
});

it('a series that cannot be read keeps no other from being reported, and the log tells of it once', async () => {
  const store = openStore();
  const lines: { series?: string }[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  let skipped = 0;
  const now = () => Date.now() + skipped;
  const pipeline = replica(store, book(), {}, undefined, logger, { now });
  const unreadable = { sensor: 'a', metric: 'm' };
  await pipeline.submit([{ ...unreadable, ts: Date.now(), value: 1 }]);
  const [record] = await store.series.load([unreadable]);
  const [result] = await store.series.commit([
    {
      series: unreadable,
      expectedVersion: record!.version,
      samples: [],
      verdicts: [],
      next: {
        state: Buffer.from('another'),
        snapshots: [],
        oldestSnapshot: 0,
        horizon: -1,
        status: 'warmup',
      },
      alerts: [],
      duplicates: 0,
    },
  ]);
  expect(result!.status).toBe('committed');
  await goStale(store, pipeline, 'b');
  // Long enough for all series to be read from the store anew, and the one that cannot be read to be tried again.
  skipped = 60_000;
  await goStale(store, pipeline, 'c');
  await goStale(store, pipeline, 'd');
  expect(await alerts(store, 'a')).toEqual([]);
  expect(lines.map(({ series }) => series)).toEqual(['a/m']);
});

describe('a replica that does not hear', () => {
  it.each([
    ['has no connection', { since: () => null }],
    ['has only just connected', { since: () => Date.now() }],
    ['gets no answer of the broker', { answers: async () => false }],
    ['has not stored what came before', { storedUntil: () => Date.now() - 3_600_000 }],
  ])('%s: reports nobody', async (_why, hears: Partial<Subscription>) => {
    const store = openStore();
    let deaf = true;
    const when = <K extends keyof Subscription>(name: K, other: () => ReturnType<Subscription[K]>) =>
      hears[name] ? { [name]: () => (deaf ? hears[name]!(S) : other()) } : {};
    const pipeline = replica(store, book(), {
      ...when('since', () => 0),
      ...when('answers', async () => true),
      ...when('storedUntil', () => Number.POSITIVE_INFINITY),
    });
    await pipeline.submit([{ ...S, ts: Date.now(), value: 21 }]);
    // Looks at the clock until a look of the watchdog must have come by.
    const until = Date.now() + LIMIT + 1500;
    await waitFor('some looks', () => Date.now() > until);
    expect(await alerts(store)).toEqual([]);
    deaf = false;
    await waitFor('the alert', async () => (await alerts(store)).length > 0, 10_000);
  });
});

describe('a replica that may have missed readings', () => {
  const checks = () => {
    const until = Date.now() + LIMIT + 1500;
    return waitFor('some checks', () => Date.now() > until, 10_000);
  };

  it('reports nobody before it has been subscribed for as long as the patience', async () => {
    const store = openStore();
    const pipeline = replica(store, book(), {}, undefined, undefined, { patience: 3_600_000 });
    await pipeline.submit([{ ...S, ts: Date.now(), value: 21 }]);
    await checks();
    expect(await alerts(store)).toEqual([]);
  });

  it('reports nobody at once after it has stood still', async () => {
    const store = openStore();
    const start = Date.now();
    let [skipped, asked] = [0, 0];
    const now = () => Date.now() + skipped;
    const since = () => {
      asked++;
      return start;
    };
    const rules = book({ after: 60_000 });
    const pipeline = replica(store, rules, { since }, undefined, undefined, { now });
    await pipeline.submit([{ ...S, ts: Date.now(), value: 21 }]);
    // Right after a check, so that the watchdog is in its pause.
    const before = asked;
    await waitFor('a check', () => asked > before);
    // As a process that was stopped for an hour sees the clock.
    skipped = 3_600_000;
    await checks();
    expect(await alerts(store)).toEqual([]);
  });

  /** A store on which another replica commits a reading right before the first load of the watchdog. */
  function overtaken(store: Store, then: () => void) {
    const events: string[] = [];
    const { pipeline } = runningPipeline(store, { rules: book() });
    const watched = alteredStore(store, 'series', {
      async load(series) {
        events.push('load');
        const first = events.length === 2;
        if (first) await pipeline.submit([{ ...S, ts: Date.now(), value: 22 }]);
        const records = await store.series.load(series);
        if (first) then();
        return records;
      },
    });
    const answers = async () => {
      events.push('answer');
      return true;
    };
    return { pipeline, watched, events, answers };
  }

  it('reports nobody at once after it has stood still while it read the store', async () => {
    const store = openStore();
    let skipped = 0;
    let stood = 0;
    const { pipeline, watched, answers, events } = overtaken(store, () => {
      stood = Date.now();
      skipped = 3_600_000;
    });
    const now = () => Date.now() + skipped;
    const start = Date.now();
    const storedUntil = () => Number.POSITIVE_INFINITY;
    const hears = { answers, storedUntil, since: () => start };
    replica(watched, book(), hears, pipeline, undefined, { now, patience: 1000 });
    await pipeline.submit([{ ...S, ts: Date.now(), value: 21 }]);
    await waitFor('the alert', async () => (await alerts(store)).length > 0, 10_000);
    // It has waited for as long as the patience anew.
    expect(Date.now() - stood).toBeGreaterThanOrEqual(1000);
    expect(events).toEqual(['answer', 'load', 'answer', 'load']);
  });

  it('asks the broker anew for a series that was not stale when it asked', async () => {
    const store = openStore();
    let skipped = 0;
    const { pipeline, watched, answers, events } = overtaken(store, () => {
      // Less than a standstill, and more than the limit of the series.
      skipped = 1500;
    });
    const now = () => Date.now() + skipped;
    const storedUntil = () => Number.POSITIVE_INFINITY;
    replica(watched, book(), { answers, storedUntil }, pipeline, undefined, { now });
    await pipeline.submit([{ ...S, ts: Date.now(), value: 21 }]);
    await waitFor('the alert', async () => (await alerts(store)).length > 0, 10_000);
    expect(events).toEqual(['answer', 'load', 'answer', 'load']);
  });

  it('reports nobody if it has lost its subscription while it looked', async () => {
    const store = openStore();
    const start = Date.now();
    let lost = false;
    const pipeline = replica(store, book(), {
      since: () => (lost ? Date.now() : start),
      answers: async () => {
        lost = true;
        return true;
      },
    });
    await pipeline.submit([{ ...S, ts: Date.now(), value: 21 }]);
    await waitFor('the question to the broker', () => lost, 10_000);
    await checks();
    expect(await alerts(store)).toEqual([]);
  });
});
