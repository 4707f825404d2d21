/**
 * What the pipeline and the HTTP layer need of a store. Two implementations pass one contract suite
 * (test/contract/store-contract.ts). Not in here: forecasting, alert rules, decoding, and the format of a state, which a store
 * keeps as bytes it does not understand.
 *
 * Every method may throw StoreUnavailable: nothing was changed, or it is unknown whether it was, and the same call may
 * be made again.
 */
import type { Alert, AlertChange } from '../domain/alert.ts';
import type { AuditEntry, StoredAuditEntry } from '../domain/audit.ts';
import type { DeadLetter, DeadLetterPlace, DeadLetterSummary } from '../domain/dead-letter.ts';
import type { ModelTable } from '../domain/model-table.ts';
import type { Sample } from '../domain/reading.ts';
import type { SampleText, TextFormat } from '../domain/sample-text.ts';
import type { SeriesId } from '../domain/series.ts';
import type { ScoredSample } from '../domain/verdict.ts';
import type { Watch } from '../domain/watch.ts';
import type { VigiaError } from '../errors.ts';
import type { AlertStore, AlertStreamStore, KeptAlertStore } from './alert-store.ts';

/** From `from` on (ms, inclusive) the series is forecast by this model. */
export interface ModelAssignment {
  readonly from: number;
  readonly model: string;
  /** The model that scores beside it. */
  readonly shadow?: string;
  /** Of the model table that this was read from; absent: 0. */
  readonly revision?: number;
}

/** Where a snapshot was taken: after reading number `n` in timestamp order, whose timestamp is `ts`. */
export interface SnapshotMark {
  readonly n: number;
  readonly ts: number;
}

/** A mark, and the state at it. */
export interface Snapshot extends SnapshotMark {
  readonly bytes: Uint8Array;
}

/** What the next commit of a series builds on. */
export interface SeriesRecord {
  /** Random per commit; opaque. */
  readonly version: string;
  readonly state: Uint8Array;
  /** The seasonal ring, empty at first. */
  readonly season: Uint8Array;
  /** Ascending by `n`; `snapshot` has their bytes, which only a late reading needs. */
  readonly snapshots: readonly SnapshotMark[];
  /** Ascending by `from`. */
  readonly assignments: readonly ModelAssignment[];
  /** null where none was committed yet. */
  readonly watch: Watch | null;
}

/** A series that is stale is `silent`, even if it has an open alarm: how it is now is not known. */
export type SeriesStatus = 'warmup' | 'normal' | 'alarm' | 'silent';

export interface SeriesCommit {
  readonly series: SeriesId;
  /** The version this commit was computed from, null for a series the store does not have. */
  readonly expectedVersion: string | null;
  /** The version after it; a random one if absent. */
  readonly version?: string;
  /** Time of the newest reading that was committed before, ms, where it is known: what is newer than it is only added. */
  readonly newest?: number;
  /** Ascending by ts, new or replacing (a greater value at a stored timestamp). */
  readonly samples: readonly Sample[];
  /**
   * Ascending by ts; every ts is stored already or in `samples`. Where the first is not newer than everything stored,
   * they cover every stored reading from the first on: what the store had there is replaced.
   */
  readonly verdicts: readonly {
    readonly ts: number;
    readonly expected: number | null;
    readonly score: number | null;
  }[];
  /** What replaces the record; null when no state changes (only duplicates, or readings beyond the horizon). */
  readonly next: {
    readonly state: Uint8Array;
    /** Only where it has changed: it is larger than the state and changes seldom. */
    readonly season?: Uint8Array;
    /** New or re-taken; the others stay. */
    readonly snapshots: readonly Snapshot[];
    /** Snapshots with a smaller `n` are dropped. */
    readonly oldestSnapshot: number;
    /** Readings and alerts after this time are kept whatever their age, because a late reading re-folds them. */
    readonly horizon: number;
    /** Only where they have changed. */
    readonly assignments?: readonly ModelAssignment[];
    readonly status: SeriesStatus;
    /** Only where it has changed. */
    readonly watch?: Watch;
  } | null;
  readonly alerts: readonly AlertChange[];
  /** Readings of this batch that are stored already. */
  readonly duplicates: number;
}

export type CommitResult =
  | {
      readonly status: 'committed';
      readonly version: string;
      readonly alerts: readonly Alert[];
      /** Rollups that the server no longer made, and makes again; absent: none. */
      readonly restoredRollups?: number;
    }
  /** Somebody else committed first; nothing was written. */
  | { readonly status: 'conflict'; readonly current: SeriesRecord | null }
  /** This series cannot be written (a key of another type, a format from the future …); nothing was written. */
  | { readonly status: 'failed'; readonly error: VigiaError };

export interface SeriesSummary extends SeriesId {
  readonly last: Sample | null;
  readonly status: SeriesStatus;
  readonly watch: Watch | null;
}

export type Aggregate = 'avg' | 'min' | 'max';

/** The reads of people and of their programs. */
export interface SeriesReads {
  /** Stored samples with `from` <= ts <= `to`, ascending; at most `limit`, the newest ones, when given. */
  range(series: SeriesId, from: number, to: number, limit?: number): Promise<ScoredSample[]>;
  /** The newest `limit` stored samples without their verdicts, ascending. */
  newest(series: SeriesId, limit: number): Promise<Sample[]>;
  /** As `range`, but the oldest `limit` of them: what reads a whole series page by page. */
  oldest(series: SeriesId, from: number, to: number, limit: number): Promise<ScoredSample[]>;
  /** As `oldest`, as text. */
  text(series: SeriesId, from: number, to: number, limit: number, format: TextFormat): Promise<SampleText>;
  /** How many samples `range` would give, counted no further than `limit`. */
  countBetween(series: SeriesId, from: number, to: number, limit: number): Promise<number>;
  /**
   * One aggregate per bucket of `width` ms that has samples, aligned to 0, ascending. Uses the rollups where `width` is
   * a multiple of theirs, so that it reaches back beyond RETENTION.
   */
  buckets(series: SeriesId, from: number, to: number, width: number, agg: Aggregate): Promise<Sample[]>;
  /** Every series, ordered by sensor and metric. */
  list(): Promise<SeriesSummary[]>;
}

export interface SeriesStore extends SeriesReads {
  /** The records in the order asked for, null where the store has no such series. */
  load(series: readonly SeriesId[]): Promise<(SeriesRecord | null)[]>;
  /** Applies each series atomically if its version still matches; results in the order of `commits`. */
  commit(commits: readonly SeriesCommit[]): Promise<CommitResult[]>;
  /** The bytes of the snapshot after reading number `n`, null where there is none (any more). */
  snapshot(series: SeriesId, n: number): Promise<Uint8Array | null>;
  /**
   * Takes a series away with everything about it: readings, verdicts, rollups, state, alerts (the stream's too) and its
   * place in the list. Targets that were told of an open alert of it are told that the alert has ended. A commit computed from what was there is a conflict afterwards. May be called again after a failure.
   * @returns whether there was one
   */
  remove(series: SeriesId): Promise<boolean>;
  /** The stored samples at exactly these timestamps, in any order. */
  samplesAt(series: SeriesId, timestamps: readonly number[]): Promise<Sample[]>;
  /** What `list` says of these series, in the order asked for, null where there is no such series. */
  summaries(series: readonly SeriesId[]): Promise<(SeriesSummary | null)[]>;
  /** How many `list` has, without reading them. */
  count(): Promise<number>;
}

export interface DeadLetterStore {
  /** Keeps at most DEAD_LETTER_MAX and DEAD_LETTER_MAX_BYTES, the oldest go first. @returns how many were dropped for that */
  add(letters: readonly Omit<DeadLetter, 'count' | 'firstTs'>[]): Promise<number>;
  /** Newest first, without their bytes. */
  list(limit: number): Promise<DeadLetterSummary[]>;
  /** The oldest `limit` after a place that need not be taken any more; null: from the first on. */
  after(after: DeadLetterPlace | null, limit: number): Promise<DeadLetterPlace[]>;
  get(id: string): Promise<DeadLetter | null>;
  /** @returns whether there was one */
  remove(id: string): Promise<boolean>;
  count(): Promise<number>;
}

export interface ModelStore {
  /** Keeps an artifact under its id; the same id always has the same bytes. */
  put(id: string, artifact: Uint8Array): Promise<void>;
  get(id: string): Promise<Uint8Array | null>;
  /** The ids of all artifacts, in order. */
  ids(): Promise<string[]>;
  /** Size of all artifacts together. */
  bytes(): Promise<number>;
  /** @returns whether there was one */
  remove(id: string): Promise<boolean>;
  /** Which model is in force where; `EMPTY_TABLE` before the first write. */
  table(): Promise<ModelTable>;
  /** Writes `table` if what is stored has revision `expected`. @returns whether it did */
  putTable(table: ModelTable, expected: number): Promise<boolean>;
}

/** Messages between the processes on one store: at most once, and in the order in which each sends them. */
export interface PubSub {
  /**
   * @returns how many processes it goes to; null where the server does not know, as on a Cluster, where a node counts
   *   only those that listen at itself
   * @throws StoreUnavailable when it was not sent
   */
  publish(channel: string, message: string): Promise<number | null>;
  /** One listener a channel, over all reconnections. The first call connects. @returns what ends it */
  subscribe(channel: string, listener: (message: string) => void): () => void;
  /**
   * Calls the listener with true when this process is subscribed to all channels asked for before (at once if it is already),
   * and with false when it no longer is.
   */
  onSubscribed(listener: (subscribed: boolean) => void): () => void;
}

/**
 * What replicas on one store tell each other while it is fresh. Best effort: nothing waits for a message and any may be
 * lost, so nothing that must not be lost goes this way.
 */
export interface Peers {
  /** Whether another replica listens now; where none does, there is no point in sending. */
  readonly wanted: boolean;
  /** Sends a message to every other replica that listens. Never throws and never waits. */
  send(message: string): void;
  /** From now on `listener` gets what the others send; null ends that. The first call connects. */
  listen(listener: ((message: string) => void) | null): void;
}

/** Bytes. */
export interface StoreMemory {
  readonly used: number;
  /** Beyond it writes are refused; 0 without a limit. */
  readonly max: number;
}

/** Numbers by name that all replicas share. */
export interface CounterStore {
  /** Adds 1 to a counter and returns it. */
  increment(counter: string): Promise<number>;
}

/** A text with the number of its change, from 1 on. */
export interface StoredDocument {
  readonly revision: number;
  readonly content: string;
}

/** Small texts by name that operators change while replicas run; the replicas follow. */
export interface DocumentStore {
  /** null: never written. */
  get(name: string): Promise<StoredDocument | null>;
  /** Writes if what is stored has revision `expected` (0: nothing is). @returns whether it did */
  put(name: string, document: StoredDocument, expected: number): Promise<boolean>;
}

/** In which formats the replicas on this store write what they all read. */
export interface FormatStore {
  /** The format of new states, see detect/state-format.ts; null where no replica has said yet. */
  state(): Promise<number | null>;
  /** Names the format of new states where no replica has yet. @returns the format that holds */
  proposeState(format: number): Promise<number>;
  /** Names the format of new states from now on. */
  setState(format: number): Promise<void>;
}

/** The newest birth of each sender of Sparkplug B, as a text that the store does not understand (intake/sparkplug-births.ts). */
export interface BirthStore {
  /** null where none is known. */
  get(sender: string): Promise<string | null>;
  put(sender: string, birth: string): Promise<void>;
  remove(sender: string): Promise<void>;
}

/** A copy of the store as a file, for the caller to move or to remove. */
export interface Backup {
  readonly file: string;
  remove(): void;
}

/** The audit log. The oldest entries beyond AUDIT_MAX are deleted. */
export interface AuditStore {
  add(entries: readonly AuditEntry[]): Promise<void>;
  /** The newest first. @param before the position of an entry: only older entries are given; null: all */
  list(limit: number, before: string | null): Promise<StoredAuditEntry[]>;
}

/** Random secrets that all replicas on the store share. */
export interface SecretStore {
  /** The secret of this name: 32 bytes, made at the first call. */
  get(name: string): Promise<Uint8Array>;
}

/** A store is made of parts; each part keeps one kind of thing. The methods here concern the store as a whole. */
export interface Store {
  /** For the start-up line, e.g. `embedded (data/vigia.db)`. */
  readonly description: string;
  /** `embedded` or `redis`: what `/nuevo` says it wrote to. */
  readonly kind: 'embedded' | 'redis';
  readonly series: SeriesStore;
  /**
   * What people read, apart from commits: no read holds up a commit. Each client has its turn.
   * @param client who reads, for example an address
   */
  reads(client: string): { readonly series: SeriesReads; readonly alerts: Pick<AlertStore, 'list'> };
  readonly alerts: AlertStore;
  readonly alertStream: AlertStreamStore;
  readonly keptAlerts: KeptAlertStore;
  readonly deadLetters: DeadLetterStore;
  readonly models: ModelStore;
  readonly counters: CounterStore;
  readonly audit: AuditStore;
  readonly secrets: SecretStore;
  readonly documents: DocumentStore;
  readonly formats: FormatStore;
  readonly births: BirthStore;
  /** The other replicas on this store; null where there can be none. */
  readonly peers: Peers | null;
  /** Messages between these; null where there can be none. */
  readonly pubSub: PubSub | null;
  /** The store's own clock, ms UTC. @throws StoreUnavailable, or VigiaError where its user may not ask */
  time(): Promise<number>;
  /** Only of a store that lives in memory. @throws StoreUnavailable, or VigiaError where its user may not ask */
  memory?(): Promise<StoreMemory>;
  /** Only of a store of several parts: how many are away at present; the series on the others can be stored. */
  partsAway?(): number;
  /** Only of a store with files of its own: what they hold, and up to how much they can grow. */
  disk?(): Promise<StoreMemory>;
  /**
   * Only of a store that can lose its data while processes use it: whether it still has what this process found at the start. If
   * it is empty, what all processes need to know of it is written again. @throws StoreUnavailable also where it is another store now
   */
  verify?(): Promise<boolean>;
  /** Only of a store whose server makes the rollups: how many series lack some. @throws StoreUnavailable */
  lackingRollups?(): Promise<number>;
  /** Throws StoreUnavailable unless a write could succeed now. */
  ping(): Promise<void>;
  /** Only of a store with files of its own: reads them whole and says what is damaged; empty where nothing is. */
  check?(): Promise<string[]>;
  /** Only of a store with files of its own: a consistent copy, made while the store is used. @throws StoreUnavailable */
  backup?(): Promise<Backup>;
  /** Drops what RETENTION and the rollups' own limits no longer cover. */
  trim(now: number): Promise<void>;
  close(): Promise<void>;
}
