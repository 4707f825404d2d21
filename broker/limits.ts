/** What one client, and all clients together, may take from the broker. */
export interface BrokerLimits extends WindowLimits, QueueLimits, SessionLimits, RetainedLimits {
  /** A larger packet closes its connection. */
  readonly maxPacketBytes: number;
  /** TCP and WebSocket together; further ones are closed at once. */
  readonly maxConnections: number;
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
}

export interface SessionLimits {
  /** Of absent clients; beyond it the longest absent is forgotten. */
  readonly maxSessions: number;
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
  maxConnections: 10_000,
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
  maxSessions: 10_000,
  sessionExpiryMs: 604_800_000,
  maxRetainedMessages: 100_000,
  maxRetainedBytes: 67_108_864,
};
