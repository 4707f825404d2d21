import type { SubscriptionLimits } from './filter-set.ts';
import type { LoginQueueLimits } from './logins.ts';

/** What one client, and all clients together, may take from the broker. */
export interface BrokerLimits
  extends WindowLimits,
    QueueLimits,
    SessionLimits,
    RetainedLimits,
    SubscriptionLimits,
    LoginQueueLimits {
  /** A larger packet closes its connection. */
  readonly maxPacketBytes: number;
  /** Of all packets together that were begun and are not whole; beyond it the connection that holds most is closed. */
  readonly maxUnfinishedBytes: number;
  /** Filters in one SUBSCRIBE, which is refused as a whole beyond it, or UNSUBSCRIBE. */
  readonly maxFilters: number;
  /** TCP and WebSocket together; further ones are closed at once. */
  readonly maxConnections: number;
  /** Of one IPv4 address or IPv6 /56. */
  readonly maxAddressConnections: number;
  /** From the connection to its CONNECT packet, ms. */
  readonly connectTimeoutMs: number;
  /**
   * Longest keep-alive a client may ask for, s; a longer one, or none (0), is refused. 0 = any; then a silent client
   * without keep-alive is found by TCP's own, after some minutes.
   */
  readonly maxKeepAliveSeconds: number;
  /** How long a subscriber that does not read may hold up the others before it is disconnected, ms. */
  readonly drainTimeoutMs: number;
  /** UTF-8. Far more than any sensor name the bridge accepts: those get a dead letter, this costs the connection. */
  readonly maxTopicBytes: number;
  /** At most 100: Aedes' matcher takes no more. */
  readonly maxTopicLevels: number;
  /** QoS 2 messages of a client that await its PUBREL. QoS 1 is bounded by the publish hook's back-pressure. */
  readonly maxInflightQos2: number;
  /** Messages on their way to subscribers at the same time. */
  readonly concurrency: number;
}

/** What one persistent session, or one member of a shared subscription, may have unacknowledged. */
export interface WindowLimits {
  readonly maxInflightMessages: number;
  /** Reached by the message that exceeds it. */
  readonly maxInflightBytes: number;
}

/** What waits for absent or slow subscribers; beyond it the oldest is dropped, counted and logged. */
export interface QueueLimits {
  /** Of one persistent session or one shared subscription. */
  readonly maxQueuedMessages: number;
  /** Of all together, about 280 bytes per message included. Beyond it the largest queue loses its oldest. */
  readonly maxQueuedBytes: number;
  /** The same of the sessions of one user; where clients have no user names, of one address. */
  readonly maxUserQueuedBytes: number;
}

export interface SessionLimits {
  /** Of absent clients; beyond it the longest absent is forgotten. */
  readonly maxSessions: number;
  /** The same of one user; where clients have no user names, of one address. */
  readonly maxUserSessions: number;
  /** How long the session of an absent client is kept, ms. */
  readonly sessionExpiryMs: number;
}

/** Beyond these a retained message on another topic is delivered but not kept, counted and logged. */
export interface RetainedLimits {
  readonly maxRetainedMessages: number;
  readonly maxRetainedBytes: number;
}

export const defaultLimits: BrokerLimits = {
  maxPacketBytes: 1_048_576,
  maxPendingLogins: 1000,
  maxLoginFailures: 10,
  maxLoginBanMs: 60_000,
  maxUnfinishedBytes: 67_108_864,
  maxFilters: 1000,
  maxSubscriptions: 10_000,
  maxUserSubscriptions: 100_000,
  maxConnections: 10_000,
  maxAddressConnections: 5000,
  connectTimeoutMs: 10_000,
  maxKeepAliveSeconds: 0,
  drainTimeoutMs: 3000,
  maxTopicBytes: 16_384,
  maxTopicLevels: 100,
  maxInflightQos2: 1000,
  concurrency: 100,
  maxInflightMessages: 1000,
  maxInflightBytes: 4_194_304,
  maxQueuedMessages: 1_000_000,
  maxQueuedBytes: 536_870_912,
  maxUserQueuedBytes: 268_435_456,
  maxSessions: 10_000,
  maxUserSessions: 5000,
  sessionExpiryMs: 604_800_000,
  maxRetainedMessages: 100_000,
  maxRetainedBytes: 67_108_864,
};
