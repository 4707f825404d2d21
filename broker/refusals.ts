/**
 * What the broker has refused, counted by reason. The log gets one line a minute for each reason: the first refusal at
 * once with its details, the others as a number. A stranger who is refused a thousand times a second fills no disk.
 */
import type { Logger } from 'pino';

/** Reasons and what the log says of them. The reasons are the values of the metric's label `reason`. */
const REASONS = {
  'bad-credentials': 'MQTT connect denied: bad user name or password',
  'login-busy': 'MQTT connect refused: too many logins wait for their check',
  'login-ban': 'MQTT connect refused: too many failed logins, see MQTT_AUTH_FAILURES',
  'no-proof': 'MQTT connect denied: the user name needs a client certificate or a password',
  certificate: 'MQTT connect denied: the client certificate names no user',
  'protocol-version': 'MQTT connect refused: only MQTT 3.1 and 3.1.1 are spoken',
  'client-id': 'MQTT connect refused: client id is not allowed',
  'keep-alive': 'MQTT connect refused: keep-alive beyond MQTT_MAX_KEEPALIVE',
  'connect-timeout': 'MQTT connection closed: no CONNECT in time',
  connections: 'MQTT connection refused: too many, see MQTT_MAX_CONNECTIONS',
  'connections-of-address':
    'MQTT connection refused: too many of one address, see MQTT_MAX_ADDRESS_CONNECTIONS',
  'tls-handshake': 'TLS handshake failed',
  origin: 'WebSocket refused: its page is not among MQTT_WS_ORIGINS',
  malformed: 'MQTT connection closed: malformed packet',
  'packet-size': 'MQTT connection closed: packet larger than MAX_PAYLOAD',
  unfinished: 'MQTT connection closed: packets begun and not finished take too much memory',
  topic: 'MQTT connection closed: the topic is not allowed',
  'reserved-topic': 'MQTT publish ignored: it is the state of a bridge of Mosquitto',
  publish: 'MQTT publish denied: see MQTT_ACL',
  subscribe: 'MQTT subscribe denied: see MQTT_ACL',
  'subscriptions-of-packet': 'MQTT subscribe refused: too many filters in one packet, see MQTT_MAX_FILTERS',
  'subscriptions-of-client': 'MQTT subscribe refused: too many of one client, see MQTT_MAX_SUBSCRIPTIONS',
  'subscriptions-of-user': 'MQTT subscribe refused: too many of one user, see MQTT_MAX_USER_SUBSCRIPTIONS',
  'keep-alive-timeout': 'MQTT connection closed: the client was silent for too long',
  'drain-timeout': 'MQTT connection closed: the client does not read',
  'qos2-window': 'MQTT connection closed: too many messages of QoS 2 without PUBREL',
  other: 'MQTT connection closed by the broker',
} as const;

export type Refusal = keyof typeof REASONS;

export const REFUSALS = Object.keys(REASONS) as Refusal[];

const LOG_EVERY_MS = 60_000;

interface Entry {
  total: number;
  /** Since the last line in the log. */
  unreported: number;
  timer: NodeJS.Timeout | null;
}

export class Refusals {
  private readonly entries = new Map<Refusal, Entry>(
    REFUSALS.map((reason) => [reason, { total: 0, unreported: 0, timer: null }]),
  );

  constructor(
    private readonly logger: Logger,
    private readonly everyMs = LOG_EVERY_MS,
  ) {}

  /** @param details of this one, for the log: who, from where, what; no secrets */
  count(reason: Refusal, details: object): void {
    const entry = this.entries.get(reason)!;
    entry.total++;
    if (entry.timer) {
      entry.unreported++;
      return;
    }
    this.logger.warn({ reason, ...details }, REASONS[reason]);
    this.startMinute(reason, entry);
  }

  /** Since the start. */
  total(reason: Refusal): number {
    return this.entries.get(reason)!.total;
  }

  close(): void {
    for (const { timer } of this.entries.values()) if (timer) clearTimeout(timer);
  }

  private startMinute(reason: Refusal, entry: Entry): void {
    entry.timer = setTimeout(() => {
      entry.timer = null;
      if (entry.unreported === 0) return;
      this.logger.warn({ reason, more: entry.unreported }, `${REASONS[reason]} (more in the last minute)`);
      entry.unreported = 0;
      this.startMinute(reason, entry);
    }, this.everyMs);
    entry.timer.unref();
  }
}
