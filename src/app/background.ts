/** What runs beside the requests: the first contact with the store, which the pipeline waits for, and its housekeeping. */
import { setTimeout as delay } from 'node:timers/promises';
import { Counter } from 'prom-client';
import { type Artifact, artifactBytes, modelId } from '../../models/artifact.ts';
import type { Notifiers } from '../alerts/notifiers.ts';
import { StoreUnavailable } from '../errors.ts';
import type { AppContext } from './context.ts';
import type { Scoring } from './scoring.ts';
import { StoreGrowth } from './store-growth.ts';

/** What operators change in the store while replicas run. */
export interface Followed {
  /** @throws StoreUnavailable */
  refresh(): Promise<void>;
}

const TRIM_EVERY_MS = 600_000;
const RETRY_MS = 1000;
const FORMATS_EVERY_MS = 10_000;
const VERIFY_EVERY_MS = 2000;
const DOCUMENTS_EVERY_MS = 1000;

/** @returns resolves once the pipeline runs, or when the process stops before */
export function startBackground(
  context: AppContext,
  artifact: Artifact,
  scoring: Scoring,
  notifiers: Notifiers,
  documents: readonly Followed[],
): Promise<void> {
  const stopping = new AbortController();
  context.lifecycle.add('housekeeping', () => stopping.abort());
  const begun = begin(context, artifact, scoring, notifiers, stopping.signal);
  void begun.then(() => trimRegularly(context, stopping.signal));
  void context.clock.follow(stopping.signal);
  void begun.then(() =>
    watchStore(context, () => introduce(context.store, artifact, scoring, notifiers), stopping.signal),
  );
  void begun.then(() => scoring.follower.follow(stopping.signal));
  void begun.then(() => scoring.pipeline.upgrades.runInBackground(stopping.signal));
  const { store, registry, logger, clock } = context;
  const growth = new StoreGrowth({ store, registry, logger, now: () => clock.now() });
  void begun.then(() => growth.follow(stopping.signal));
  void begun.then(() => followFormats(context, scoring, stopping.signal));
  void begun.then(() => followDocuments(context, documents, stopping.signal));
  return begun;
}

/** Puts the model where every replica finds it, and starts the pipeline as soon as it is known which models are in force. */
async function begin(
  { store, clock, logger }: AppContext,
  artifact: Artifact,
  scoring: Scoring,
  notifiers: Notifiers,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await introduce(store, artifact, scoring, notifiers);
      await clock.agrees();
      scoring.pipeline.start();
      notifiers.start();
      return;
    } catch (error) {
      if (signal.aborted) return;
      const away = error instanceof StoreUnavailable;
      logger[away ? 'warn' : 'error'](
        { err: error },
        away ? 'waiting for the store' : 'waiting for the models in force; readings wait',
      );
    }
    await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** Writes what all processes on the store have to find there. */
async function introduce(
  store: AppContext['store'],
  artifact: Artifact,
  { follower, formats }: Scoring,
  notifiers: Notifiers,
): Promise<void> {
  await store.models.put(modelId(artifact), artifactBytes(artifact));
  await follower.start();
  await formats.start();
  // Before anything is committed, so that a receiver is told of the first change too.
  await notifiers.register();
}

/** Notices a store that comes back without its data: emptied, or failed over to a server that never had it. */
async function watchStore(
  { store, registry, logger }: AppContext,
  restore: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (!store.verify) return;
  const losses = new Counter({
    name: 'vigia_store_losses_total',
    help: 'How often the store has come back without its data.',
    registers: [registry],
  });
  let lost = false;
  while (!signal.aborted) {
    await delay(VERIFY_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
    try {
      if (!(await store.verify())) {
        lost = true;
        losses.inc();
        logger.error(
          'the store has come back without its data: layout, models and list of series are written again, readings of before are gone (docs/redis.md)',
        );
      }
      if (lost) await restore();
      lost = false;
    } catch (error) {
      logger.debug({ err: error }, 'the store cannot be looked at');
    }
  }
}

async function trimRegularly({ store, clock, logger }: AppContext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await clock.agrees()) await store.trim(clock.now());
    } catch (error) {
      if (signal.aborted) return;
      const away = error instanceof StoreUnavailable;
      logger[away ? 'warn' : 'error']({ err: error }, 'trimming the store failed');
    }
    await delay(TRIM_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function followDocuments(
  { logger }: AppContext,
  documents: readonly Followed[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const document of documents) {
      await document
        .refresh()
        .catch((error) => logger.debug({ err: error }, 'what operators have changed cannot be read'));
    }
    await delay(DOCUMENTS_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** Another process may end the time in which states are written for an earlier release. */
async function followFormats(
  { logger }: AppContext,
  { formats }: Scoring,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await delay(FORMATS_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
    await formats
      .refresh()
      .catch((error) => logger.debug({ err: error }, 'the stored formats cannot be read'));
  }
}
