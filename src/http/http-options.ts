import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { LoginQueueLimits } from '../../broker/logins.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Alert } from '../domain/alert.ts';
import type { SeriesRules } from '../domain/alert-rule.ts';
import type { Mute } from '../domain/mute.ts';
import type { SeriesId } from '../domain/series.ts';
import type { ModelAdmin } from '../model-registry/model-admin.ts';
import type { Replay } from '../pipeline/replay.ts';
import type { Submit } from '../pipeline/submit.ts';
import type { Store } from '../store/store.ts';
import type { Labels } from './api/labels.ts';
import type { Live } from './live/live.ts';

/** Readings by what became of them, counted since the process started. */
export type ReadingTotals = Readonly<
  Record<'received' | 'committed' | 'duplicate' | 'deadLettered' | 'rejected' | 'inFlight', number>
>;

/** What the sources of messages have seen since the process started. */
export interface SourceReport {
  readonly sources: readonly {
    readonly source: string;
    readonly messages: number;
    readonly readings: number;
    readonly problems: number;
    readonly nulls: number;
    /** By reason. */
    readonly ignored: Record<string, number>;
  }[];
  /** Messages on topics that no source takes; the newest topics, and when a message came there, ms. */
  readonly unmatched: { readonly count: number; readonly newest: readonly { topic: string; at: number }[] };
}

/** A receiver of alerts, as this replica sees it. */
export interface ReceiverStatus {
  readonly name: string;
  readonly type: string;
  readonly filter: {
    readonly sensors: readonly string[];
    readonly metrics: readonly string[];
    readonly rules: readonly string[];
    readonly severities: readonly string[];
  };
  /** Alert changes that the receiver has not been told of yet. */
  readonly pending: number;
  /** Since when the oldest of them waits, ms UTC. */
  readonly oldest: number | null;
  /** Alert changes that the receiver has refused. */
  readonly kept: number;
  /** Why the last attempt of this replica failed; null after one that succeeded. */
  readonly problem: string | null;
}

/** The receivers of alerts. */
export interface Receivers {
  list(): readonly ReceiverStatus[];
  /** Sends a test message once. @returns null where there is no such receiver */
  test(
    name: string,
  ): Promise<
    | { readonly result: 'delivered' }
    | { readonly result: 'failed' | 'refused'; readonly reason: string }
    | null
  >;
  /** There may be something to tell. */
  wake(): void;
}

/** The alert rules that lie in the store, beside those of ALERT_RULES. */
export interface StoredRules {
  /** Of the store, as they were given; they go before those of ALERT_RULES. */
  readonly stored: readonly unknown[];
  /** Counts the changes of `stored`. */
  readonly revision: number;
  /** Of ALERT_RULES, as they could be written. */
  readonly configured: readonly unknown[];
  /**
   * @param expected the revision that was read
   * @returns whether they were written: not if somebody else has changed them since
   * @throws InvalidInput that names entry and field
   */
  replace(rules: readonly unknown[], expected: number): Promise<boolean>;
}

/** Alerts that a person has closed. */
export interface ClosedAlerts {
  /** The alert as it counts. */
  readonly seen: (alert: Alert) => Alert;
  /** @returns null where there is none of this id */
  close(id: string, by: string | null): Promise<Alert | null>;
}

/** Mutes: which alerts nobody is told of. */
export interface Mutes {
  list(): readonly Mute[];
  readonly isMuted: (alert: Alert) => boolean;
  add(mute: Omit<Mute, 'id'>): Promise<Mute>;
  /** @returns null where there is none of this id */
  end(id: string): Promise<Mute | null>;
}

/** Names and units that people give to series. */
export interface EditedLabels extends Labels {
  list(): readonly SeriesLabel[];
  /** Null takes what was set away. @throws InvalidInput */
  set(label: SeriesLabel): Promise<void>;
}

/** What people call a series, and its unit; null: as without it. The sensor `*` stands for every one. */
interface SeriesLabel extends SeriesId {
  readonly name: string | null;
  readonly unit: string | null;
}

/** A client of the built-in broker; times in ms UTC. */
export interface BrokerClient {
  readonly clientId: string;
  readonly user: string | null;
  readonly address: string | null;
  readonly connected: boolean;
  readonly since: number;
  readonly seen: number;
  readonly session: boolean;
  readonly subscriptions: number;
  readonly queued: number;
}

/** What was heard, and what would read it. */
export interface Discovered {
  readonly presets: string[];
  readonly found: {
    readonly pattern: string;
    readonly topics: number;
    readonly messages: number;
    readonly preset: string | null;
    readonly example: string;
    readonly becomes: string;
    readonly reads: boolean;
  }[];
  /** A vigia.yaml. */
  readonly file: string;
  readonly topicsLeftOut: number;
}

/** What the HTTP layer is given; it reads through `store` and writes through `submit`. */
export interface HttpOptions {
  /** Of this program, for /openapi.json. */
  readonly version: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly store: Store;
  readonly submit: Submit;
  readonly replay: Replay;
  readonly models: ModelAdmin;
  readonly receivers: Receivers;
  readonly mutes: Mutes;
  readonly closedAlerts: ClosedAlerts;
  readonly storedRules: StoredRules;
  readonly logger: Logger;
  readonly registry: Registry;
  /** The live stream; ended by `close`. */
  readonly live: Live;
  /** Clients of the live stream from one address. */
  readonly liveAddressClients: number;
  /** Requests of one address at the same time that read a lot. */
  readonly clientReads: number;
  /** Connections from one address; none is counted where TRUST_PROXY is set. */
  readonly addressConnections: number;
  readonly audit: Pick<AuditLog, 'record'>;
  /** The accounting of this process, for /api/status. */
  totals(): ReadingTotals;
  /** Throws where the process runs and cannot do its work before somebody helps; shown to whoever asks /healthz. */
  alive?(): void;
  /** What each source of messages has seen, for /api/sources. */
  sources(): SourceReport;
  /** Who is at the built-in broker; null where there is none. */
  brokerClients(): readonly BrokerClient[] | null;
  readonly discovery: {
    /** Of topics that no source takes; null where the broker is another program. */
    untaken(): Discovered | null;
    /** Listens at the external broker for so many ms. @throws ConfigurationError where it cannot be reached */
    listen(ms: number): Promise<Discovered>;
  };
  /** Rejects while the broker or the store cannot be reached; the error's message is shown to whoever asks /readyz. */
  ready(): Promise<void>;
  /** Shown on `/` and `/listar`, so that a person sees which replica answered. */
  readonly hostname: string;
  readonly labels: EditedLabels;
  /** The rules in force for a series. */
  rulesOf(series: SeriesId): SeriesRules;
  /** Largest request body, bytes (after decompression). */
  readonly maxPayload: number;
  /** Largest model artifact, bytes. */
  readonly maxModelSize: number;
  /** Most readings in one request. */
  readonly maxReadings: number;
  /** Longest sensor or metric name, UTF-8 bytes. */
  readonly maxNameBytes: number;
  /** Told of readings that were refused before they reached `submit`, so that they can be counted. */
  readonly countRejected?: (readings: number) => void;
  /** HTTP_TOKEN: the token of an administrator. Like all up to `corsOrigins`, it may change while the server runs. */
  readonly token?: string | undefined;
  /** HTTP_USERS: users and named tokens with their roles; see access/accounts.ts. */
  readonly users?: string | undefined;
  /** Whether the legacy routes ask for no token. */
  readonly legacyOpen: boolean;
  /** Requests a minute that one client may make; 0: any number. */
  readonly rateLimit: number;
  /** How long a session lasts, ms. */
  readonly sessionLifetime: number;
  /** Bounds on sign-ins with a password. It is read at the start. */
  readonly signIn: LoginQueueLimits;
  /** Wrong tokens a minute that one client may send. */
  readonly authFailures: number;
  /** Names that a client may use for this server, beside addresses and names without a dot; `*` for all. */
  readonly allowedHosts: readonly string[];
  /** Pages of other sites that may use the JSON API; `*` for all. */
  readonly corsOrigins: readonly string[];
  /** A number of proxies, or their addresses: whose X-Forwarded-For is believed. */
  readonly trustProxy?: string | undefined;
  /** How long `close` lets requests in flight finish, ms. Default 3,000. */
  readonly closeDeadline?: number;
  /** ms UTC. Default: the system's clock. */
  readonly now?: () => number;
}
