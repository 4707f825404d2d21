/**
 * Rebuilds outdated states, each in a commit of its own. A series that has a reading is rebuilt right before the reading is
 * planned. All others are rebuilt in the background, one after the other. Replicas may rebuild the same series at the same time:
 * the store's version check lets one of them win.
 */
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import { StoreUnavailable, VigiaError } from '../errors.ts';
import type { EntryCache } from './entry-cache.ts';
import type { PlanSources } from './plan.ts';
import { type Rebuilt, rebuild } from './rebuild.ts';
import type { SeriesEntry } from './series-entry.ts';

export interface StateUpgradesOptions {
  readonly sources: PlanSources;
  readonly cache: EntryCache;
  /** Readings from which a detector is rebuilt, at most. */
  readonly most: number;
  readonly logger: Logger;
}

/** A series, and its key. */
export interface Wanted {
  readonly key: string;
  readonly series: SeriesId;
}

type Entries = Map<string, SeriesEntry | VigiaError>;

/** Series that the background reads together. */
const PAGE = 50;
/** Between two tries of the background while the store is away, ms. */
const AWAY_MS = 1000;

export class StateUpgrades {
  /** Series that this process has rebuilt. */
  rebuilt = 0;
  /** Outdated series that the background has found and has still to rebuild. */
  waiting = 0;

  constructor(private readonly options: StateUpgradesOptions) {}

  /** The entries of these series, none of them outdated. @throws StoreUnavailable */
  async entries(wanted: readonly Wanted[]): Promise<Entries> {
    const { cache } = this.options;
    const entries = await cache.entries(wanted);
    for (;;) {
      const outdated = wanted.filter(({ key }) => isOutdated(entries.get(key)));
      if (outdated.length === 0) return entries;
      const failed = await this.upgrade(outdated, entries);
      const again = await cache.entries(outdated.filter(({ key }) => !failed.has(key)));
      for (const [key, entry] of [...again, ...failed]) entries.set(key, entry);
    }
  }

  /**
   * Rebuilds every outdated series; begins again when the store was away. Never throws. A series that cannot be rebuilt is tried
   * again when it has a reading.
   */
  async runInBackground(signal: AbortSignal): Promise<void> {
    const { logger } = this.options;
    const before = this.rebuilt;
    while (!signal.aborted) {
      this.waiting = 0;
      try {
        await this.upgradeAll(signal);
        const done = this.rebuilt - before;
        if (done > 0)
          logger.info({ series: done }, 'rebuilt the detectors of series from an earlier release');
        return;
      } catch (error) {
        if (error instanceof StoreUnavailable) {
          await delay(AWAY_MS, undefined, { signal, ref: false }).catch(() => {});
          continue;
        }
        logger.warn({ err: error }, 'rebuilding detectors in the background ended early');
        this.waiting = 0;
        return;
      }
    }
  }

  private async upgradeAll(signal: AbortSignal): Promise<void> {
    const all = await this.options.sources.store.series.list();
    for (let i = 0; i < all.length && !signal.aborted; i += PAGE) {
      const page = all.slice(i, i + PAGE).map(({ sensor, metric }) => {
        const series = { sensor, metric };
        return { key: seriesKey(series), series };
      });
      await this.upgradePage(page, signal);
    }
  }

  private async upgradePage(page: readonly Wanted[], signal: AbortSignal): Promise<void> {
    const { sources, cache, logger } = this.options;
    const found = await sources.store.series.load(page.map(({ series }) => series));
    const entries: Entries = new Map();
    for (const [i, { key }] of page.entries()) entries.set(key, cache.decoded(found[i]!));
    const outdated = page.filter(({ key }) => isOutdated(entries.get(key)));
    this.waiting += outdated.length;
    for (const one of outdated) {
      if (signal.aborted) return;
      const failed = await this.upgrade([one], entries);
      for (const [key, err] of failed) logger.warn({ series: key, err }, 'a detector cannot be rebuilt');
      this.waiting--;
      await turn();
    }
  }

  /** Rebuilds and commits these series. @returns why some could not be, by key; a conflict is no failure */
  private async upgrade(outdated: readonly Wanted[], entries: Entries): Promise<Map<string, VigiaError>> {
    const { sources, cache, most } = this.options;
    const failed = new Map<string, VigiaError>();
    const ready: { key: string; rebuilt: Rebuilt }[] = [];
    for (const { key, series } of outdated) {
      try {
        const entry = entries.get(key) as SeriesEntry;
        ready.push({ key, rebuilt: await rebuild(sources, series, entry, most) });
        await turn();
      } catch (error) {
        if (error instanceof StoreUnavailable) throw error;
        if (!(await this.isSuperseded({ key, series }, entries))) failed.set(key, problemOf(key, error));
      }
    }
    const results = await sources.store.series.commit(ready.map(({ rebuilt }) => rebuilt.commit));
    for (const [i, { key, rebuilt }] of ready.entries()) {
      const result = results[i]!;
      if (result.status === 'failed') failed.set(key, result.error);
      else if (result.status === 'conflict') cache.superseded(key, result.current);
      else {
        cache.committed(key, result.version, rebuilt);
        this.rebuilt++;
      }
    }
    return failed;
  }

  /** Whether another replica has committed since the entry was read. What was read after the entry may then not fit to it. */
  private async isSuperseded({ key, series }: Wanted, entries: Entries): Promise<boolean> {
    const { sources, cache } = this.options;
    const [record] = await sources.store.series.load([series]);
    const { version } = entries.get(key) as SeriesEntry;
    if ((record?.version ?? null) === version) return false;
    cache.superseded(key, record ?? null);
    return true;
  }
}

function isOutdated(entry: SeriesEntry | VigiaError | undefined): boolean {
  return entry !== undefined && !(entry instanceof VigiaError) && entry.state.outdated;
}

function problemOf(key: string, error: unknown): VigiaError {
  if (error instanceof VigiaError) return error;
  return new VigiaError('state_format', `the detector of ${key} cannot be rebuilt`, { cause: error });
}
