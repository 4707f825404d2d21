/**
 * What this process remembers of series between two commits, for at most STATE_CACHE series. If other replicas commit a series
 * too, what is remembered is usually out of date, and the commit would find that out only after all the work. Such a series is
 * read anew before every commit, until it stays the same in between.
 *
 * A state is remembered as it is stored, in bytes, and decoded for each use. The next state overwrites these bytes. With an
 * object for each state, every object that was replaced stayed in memory until V8 collected its old generation. With 10,000
 * series that was half of the memory of the process.
 */
import { LRUCache } from 'lru-cache';
import { newFormerDetector } from '../detect/former-state.ts';
import type { SeasonalRing } from '../detect/seasonal-ring.ts';
import { emptyState } from '../detect/state.ts';
import { decodeState } from '../detect/state-format.ts';
import type { SeriesId } from '../domain/series.ts';
import type { Watch } from '../domain/watch.ts';
import { StoreUnavailable, VigiaError } from '../errors.ts';
import type { ModelAssignment, SeriesRecord, SeriesStore, SnapshotMark } from '../store/store.ts';
import type { Planned } from './plan.ts';
import { entryOf, NEW_SERIES, type SeriesEntry } from './series-entry.ts';

/** The room for a state grows by so many bytes: until its window is full, a state grows by eight bytes with each reading. */
const ROOM = 256;

class Remembered {
  version: string | null = null;
  private room = new Uint8Array(0);
  private used = 0;
  season: SeasonalRing = NEW_SERIES.season;
  snapshots: readonly SnapshotMark[] = [];
  assignments: readonly ModelAssignment[] = [];
  watch: Watch | null = null;
  /** Another replica has committed the series lately. */
  shared = false;
  /** Must be read anew before the next use. */
  stale = false;

  set state(bytes: Uint8Array) {
    if (bytes.length > this.room.length || bytes.length <= this.room.length - 2 * ROOM) {
      this.room = new Uint8Array(Math.ceil(bytes.length / ROOM) * ROOM);
    }
    this.room.set(bytes);
    this.used = bytes.length;
  }

  /** The state is a view of the remembered bytes. It is valid until the next commit of the series overwrites them. */
  entry(): SeriesEntry {
    const { version, season, snapshots, assignments, watch } = this;
    const state = this.used === 0 ? emptyState() : decodeState(this.room.subarray(0, this.used));
    return { version, state, season, snapshots, assignments, watch };
  }
}

export class EntryCache {
  private readonly cache: LRUCache<string, Remembered>;

  constructor(
    private readonly store: Pick<SeriesStore, 'load'>,
    size: number,
    /** Whether release 0.1 has to be able to read what is written. */
    private readonly readableByFormer: () => boolean,
    /** The store has less of a series than this process has stored. */
    private readonly setBack: (what: 'gone' | 'older', key: string) => void = () => {},
  ) {
    this.cache = new LRUCache({ max: size });
  }

  /** What the next commit of each series builds on, by key; an error where the record of the series cannot be read. */
  async entries(
    wanted: readonly { readonly key: string; readonly series: SeriesId }[],
  ): Promise<Map<string, SeriesEntry | VigiaError>> {
    const entries = new Map<string, SeriesEntry | VigiaError>();
    const unknown = wanted.filter(({ key }) => {
      const known = this.cache.get(key);
      if (known && !known.stale) entries.set(key, this.inFormat(known.entry()));
      return !entries.has(key);
    });
    if (unknown.length === 0) return entries;
    for (const [key, record] of await this.load(unknown)) {
      entries.set(key, record instanceof VigiaError ? record : this.read(key, record));
    }
    return entries;
  }

  /** Asks for each series alone where a part of the store is away: the others go on. @throws StoreUnavailable */
  private async load(
    unknown: readonly { readonly key: string; readonly series: SeriesId }[],
  ): Promise<[string, SeriesRecord | null | VigiaError][]> {
    try {
      const records = await this.store.load(unknown.map(({ series }) => series));
      return unknown.map(({ key }, i) => [key, records[i]!]);
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || !error.partial) throw error;
      return Promise.all(
        unknown.map(async ({ key, series }): Promise<[string, SeriesRecord | null | VigiaError]> => {
          try {
            return [key, (await this.store.load([series]))[0]!];
          } catch (problem) {
            if (problem instanceof StoreUnavailable && problem.partial) return [key, problem];
            throw problem;
          }
        }),
      );
    }
  }

  private read(key: string, record: SeriesRecord | null): SeriesEntry | VigiaError {
    const known = this.cache.get(key);
    if (known && known.version === (record?.version ?? null)) {
      known.shared = false;
      known.stale = false;
      return this.inFormat(known.entry());
    }
    try {
      return this.remember(key, record, known !== undefined);
    } catch (error) {
      if (!(error instanceof VigiaError)) throw error;
      return error;
    }
  }

  /** What a record says, without remembering it. */
  decoded(record: SeriesRecord | null): SeriesEntry | VigiaError {
    try {
      return this.inFormat(entryOf(record));
    } catch (error) {
      if (!(error instanceof VigiaError)) throw error;
      return error;
    }
  }

  /** The next commit writes the state in the format that all replicas can read. */
  private inFormat(entry: SeriesEntry): SeriesEntry {
    const { state } = entry;
    if ((state.former !== null) === this.readableByFormer()) return entry;
    const former = state.former === null ? newFormerDetector() : null;
    return { ...entry, state: { ...state, former } };
  }

  /** Remembers the record that the store has. @throws VigiaError `state_format` */
  private remember(key: string, record: SeriesRecord | null, shared: boolean): SeriesEntry {
    const entry = this.inFormat(entryOf(record));
    const remembered = this.remembered(key);
    if (remembered.version !== null) {
      if (record === null) this.setBack('gone', key);
      else if (entry.state.lastTs < remembered.entry().state.lastTs) this.setBack('older', key);
    }
    const { version, season, snapshots, assignments, watch } = entry;
    remembered.state = record?.state ?? new Uint8Array(0);
    Object.assign(remembered, { version, season, snapshots, assignments, watch, shared, stale: false });
    return entry;
  }

  private remembered(key: string): Remembered {
    let remembered = this.cache.get(key);
    if (!remembered) {
      remembered = new Remembered();
      this.cache.set(key, remembered);
    }
    return remembered;
  }

  /** This process has committed the series, under `version`. */
  committed(key: string, version: string | null, { commit, entry }: Pick<Planned, 'commit' | 'entry'>): void {
    const remembered = this.cache.get(key);
    // Dropped since for others: without a next state there is none to remember.
    if (!remembered && !commit.next) return;
    const { season, snapshots, assignments, watch } = entry;
    const next = remembered ?? this.remembered(key);
    if (commit.next) next.state = commit.next.state;
    Object.assign(next, { version, season, snapshots, assignments, watch, stale: next.shared });
  }

  /** Another replica has committed first. The next try builds on `current`, which the store has now. */
  superseded(key: string, current: SeriesRecord | null): void {
    try {
      this.remember(key, current, true);
    } catch {
      // The next try reads the record again and reports why it cannot be used.
      this.cache.delete(key);
    }
  }

  /** Other replicas commit the series at present, so it must be read anew before the next use. */
  outdate(key: string): void {
    const remembered = this.cache.peek(key);
    if (remembered) remembered.stale = true;
  }

  forget(key: string): void {
    this.cache.delete(key);
  }
}
