/**
 * What this process remembers of series between two commits, at most STATE_CACHE of them. Of a series that other
 * replicas commit too that is usually out of date, which the commit would find out after all the work: such a series is
 * read anew before every commit until it stays the same in between.
 */
import { LRUCache } from 'lru-cache';
import type { SeriesId } from '../domain/series.ts';
import { VigiaError } from '../errors.ts';
import type { SeriesRecord, SeriesStore } from '../store/store.ts';
import { entryOf, type SeriesEntry } from './series-entry.ts';

interface Remembered {
  readonly entry: SeriesEntry;
  /** Another replica has committed the series lately. */
  readonly shared: boolean;
  /** To be read anew before the next use. */
  readonly stale: boolean;
}

export class EntryCache {
  private readonly cache: LRUCache<string, Remembered>;

  constructor(
    private readonly store: Pick<SeriesStore, 'load'>,
    size: number,
  ) {
    this.cache = new LRUCache({ max: size });
  }

  /** What each series' commit builds on, by key. A record that cannot be read is the series' error. */
  async entries(
    wanted: readonly { readonly key: string; readonly series: SeriesId }[],
  ): Promise<Map<string, SeriesEntry | VigiaError>> {
    const entries = new Map<string, SeriesEntry | VigiaError>();
    const unknown = wanted.filter(({ key }) => {
      const known = this.cache.get(key);
      if (known && !known.stale) entries.set(key, known.entry);
      return !entries.has(key);
    });
    if (unknown.length === 0) return entries;
    const records = await this.store.load(unknown.map(({ series }) => series));
    for (const [i, { key }] of unknown.entries()) entries.set(key, this.read(key, records[i]!));
    return entries;
  }

  private read(key: string, record: SeriesRecord | null): SeriesEntry | VigiaError {
    const known = this.cache.get(key);
    if (known && known.entry.version === (record?.version ?? null)) {
      this.cache.set(key, { entry: known.entry, shared: false, stale: false });
      return known.entry;
    }
    try {
      const entry = entryOf(record);
      this.cache.set(key, { entry, shared: known !== undefined, stale: false });
      return entry;
    } catch (error) {
      if (!(error instanceof VigiaError)) throw error;
      return error;
    }
  }

  /** This process has committed the series. */
  committed(key: string, entry: SeriesEntry): void {
    const shared = this.cache.get(key)?.shared ?? false;
    this.cache.set(key, { entry, shared, stale: shared });
  }

  /** Another replica has committed first; `current` is what the store has now, on which the next try builds. */
  superseded(key: string, current: SeriesRecord | null): void {
    try {
      this.cache.set(key, { entry: entryOf(current), shared: true, stale: false });
    } catch {
      // The next try reads the record again and reports why it cannot be used.
      this.cache.delete(key);
    }
  }

  forget(key: string): void {
    this.cache.delete(key);
  }
}
