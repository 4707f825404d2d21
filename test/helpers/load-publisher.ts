/**
 * Publishes a load with QoS 1 over several connections, in the order of time across all series, and tries again until
 * the broker has acknowledged everything.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { Publisher } from '../../devices/publisher.ts';
import { readingPayload, readingTopic } from '../../devices/reading-message.ts';
import type { Store } from '../../src/store/store.ts';
import { InsistentPublisher } from './insistent-publisher.ts';
import { OrdinaryPublisher } from './ordinary-publisher.ts';
import type { LoadedSeries } from './simulated-load.ts';
import { waitFor } from './wait-for.ts';

const CONNECTIONS = 4;
/** Unacknowledged messages per connection. */
const WINDOW = 100;
/** Readings of one series that may be on their way while newer ones are stored; within the horizon of 256. */
const AHEAD = 160;
const BLOCK = 32;

export interface LoadOptions {
  /** Readings per second at most, all series together. */
  readonly rate?: number;
  /**
   * Publishes no reading before those 160 to 191 places before it in its series are stored here: then none is later than
   * the horizon, however long a replica sits on what it was given, and verdicts have to be equal.
   */
  readonly withinHorizonOf?: Store;
  /**
   * `insistent` takes only what the broker has a subscriber for as acknowledged, `ordinary` is as sensors are; see
   * `InsistentPublisher` and `OrdinaryPublisher`. By default those of `vigia devices`.
   */
  readonly publishers?: 'insistent' | 'ordinary';
}

export interface LoadPublishing {
  /** Acknowledged by the broker so far. */
  readonly acknowledged: () => number;
  /** Topics and payloads that it has acknowledged without a subscriber, of ordinary publishers. */
  readonly untaken: () => readonly { readonly topic: string; readonly payload: string }[];
  /** Resolves when all are. */
  readonly done: Promise<void>;
  /**
   * Begins no further reading of each series, for a load that has to last as long as what is done meanwhile.
   * @returns what was published, when all of it is acknowledged
   */
  readonly finish: () => Promise<readonly LoadedSeries[]>;
}

export function publishLoad(
  url: string,
  load: readonly LoadedSeries[],
  { rate = Number.POSITIVE_INFINITY, withinHorizonOf, publishers: kind }: LoadOptions = {},
): LoadPublishing {
  const logger = pino({ level: 'silent' });
  const publishers = Array.from({ length: Math.min(CONNECTIONS, load.length) }, () => {
    if (kind === 'insistent') return new InsistentPublisher(url, WINDOW);
    if (kind === 'ordinary') return new OrdinaryPublisher(url, WINDOW);
    return new Publisher({ url, window: WINDOW, reconnectMs: 50, reconnectMaxMs: 500, logger });
  });
  let over = false;
  let begun = 0;
  let rounds = Math.max(...load.map(({ samples }) => samples.length));
  onTestFinished(async () => {
    over = true;
    await Promise.all(publishers.map((publisher) => publisher.close()));
  });
  const run = async () => {
    const started = performance.now();
    let sent = 0;
    for (let round = 0; round < rounds; round++) {
      begun = round + 1;
      if (withinHorizonOf && round % BLOCK === 0) await stored(withinHorizonOf, load, round - AHEAD - BLOCK);
      for (const [i, { sensor, metric, samples }] of load.entries()) {
        const sample = samples[round];
        if (!sample) continue;
        if (over) return;
        const early = started + (sent / rate) * 1000 - performance.now();
        if (early > 1) await delay(early);
        sent++;
        const publisher = publishers[i % publishers.length]!;
        const full = publisher.publish(readingTopic(sensor, metric), readingPayload(sample.value, sample.ts));
        if (full) await full;
      }
    }
    await Promise.all(publishers.map((publisher) => publisher.drain()));
  };
  for (const publisher of publishers) publisher.start();
  const done = run();
  done.catch(() => {});
  return {
    acknowledged: () => publishers.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    untaken: () =>
      publishers.flatMap((publisher) => (publisher instanceof OrdinaryPublisher ? publisher.untaken : [])),
    done,
    async finish() {
      rounds = begun;
      await done;
      return load.map((series) => ({ ...series, samples: series.samples.slice(0, begun) }));
    },
  };
}

/** Waits until the block of readings of every series that begins at `first` is stored. */
async function stored(store: Store, load: readonly LoadedSeries[], first: number): Promise<void> {
  if (first < 0) return;
  let missing = load.filter(({ samples }) => samples.length > first);
  await waitFor(
    `readings ${first} to ${first + BLOCK - 1} of every series`,
    async () => {
      const found = await Promise.all(
        missing.map((series) => {
          const block = series.samples.slice(first, first + BLOCK);
          return store.series.range(series, block[0]!.ts, block.at(-1)!.ts);
        }),
      );
      missing = missing.filter(
        ({ samples }, i) => found[i]!.length < Math.min(BLOCK, samples.length - first),
      );
      return missing.length === 0;
    },
    120_000,
  );
}
