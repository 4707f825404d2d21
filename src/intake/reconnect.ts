/**
 * How long to wait before the next try to reach the broker. After a loss the first tries follow each other closely, because
 * Mosquitto 2.0 does not keep shared subscriptions over a restart: it acknowledges what sensors publish before a member has
 * subscribed again, and drops it. The tries are close only while they cost nothing, which is while no connection is made. If
 * the broker, a proxy or a TLS handshake turns a connection away, the next tries come slowly.
 */

export interface ReconnectLimits {
  /** Pause between the first tries after a loss, ms. */
  readonly first: number;
  /** How long the tries after a loss are that close, ms. */
  readonly firstFor: number;
  /** Longest pause while the broker cannot be reached, ms. */
  readonly max: number;
}

/** Nobody listens there, or nobody of that name is there (yet). */
const NOBODY_THERE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);
/** MQTT.js takes 0 for never. */
const AT_ONCE = 1;
const BACK_OFF = 250;
/** A connection that ends sooner than this did not get anywhere; after some of those the pauses grow. */
const SHORT = 5000;
const SHORT_CONNECTIONS = 3;
const SHORT_PAUSE = 1000;
const SHORT_PAUSE_MAX = 30_000;
/** Another client has taken the session over. Two that take it from each other at once would get nothing done. */
const TAKEN_OVER_PAUSE = 10_000;
const TAKEN_OVER_PAUSE_MAX = 300_000;

export class Reconnect {
  private connectedAt: number | null = null;
  private lostAt: number;
  private nobodyThere = false;
  private backOff = BACK_OFF;
  private shortConnections = 0;
  private takenOver = false;
  private takeOvers = 0;

  /** @param clock ms */
  constructor(
    private readonly limits: ReconnectLimits,
    private readonly clock: () => number = performance.now.bind(performance),
  ) {
    this.lostAt = clock();
  }

  /** The broker closes every connection as soon as it is open. */
  get rejected(): boolean {
    return this.shortConnections >= SHORT_CONNECTIONS;
  }

  /** The broker has taken the connection. */
  connected(): void {
    this.connectedAt = this.clock();
    this.backOff = BACK_OFF;
  }

  /** The broker says that another client has taken the session over; it closes the connection next. */
  displaced(): void {
    this.takenOver = true;
  }

  /** @param code of the error by which the try going on fails */
  failed(code: string | number | undefined): void {
    this.nobodyThere = NOBODY_THERE.has(String(code));
  }

  /** The connection, or the try, is over. @returns how long to wait, ms */
  closed(): number {
    const { connectedAt, limits, nobodyThere } = this;
    const now = this.clock();
    this.connectedAt = null;
    this.nobodyThere = false;
    if (this.takenOver) {
      this.takenOver = false;
      const lasted = now - (connectedAt ?? now);
      this.takeOvers = lasted < TAKEN_OVER_PAUSE_MAX ? this.takeOvers + 1 : 1;
      return Math.min(TAKEN_OVER_PAUSE * 2 ** (this.takeOvers - 1), TAKEN_OVER_PAUSE_MAX);
    }
    if (connectedAt !== null) {
      this.lostAt = now;
      this.shortConnections = now - connectedAt < SHORT ? this.shortConnections + 1 : 0;
      if (!this.rejected) return AT_ONCE;
      const doublings = this.shortConnections - SHORT_CONNECTIONS + 1;
      return Math.min(SHORT_PAUSE * 2 ** doublings, SHORT_PAUSE_MAX);
    }
    // It was the broker that went, and no other client of the same id.
    if (nobodyThere) this.shortConnections = 0;
    if (nobodyThere && now - this.lostAt < limits.firstFor) return limits.first;
    const pause = Math.min(this.backOff, limits.max);
    this.backOff = Math.min(2 * this.backOff, limits.max);
    return pause;
  }
}
