import { type Section, setting } from '../setting.ts';
import { bytes, duration, whole } from '../value-types.ts';

const count = whole(1, 1e9);
const memory = bytes(1024, 2 ** 40);

/** What clients may take from the built-in broker. A user here is, for clients without a user name, their address. */
export const brokerLimits = {
  title: 'Limits of the built-in broker',
  settings: {
    maxConnections: setting('MQTT_MAX_CONNECTIONS', whole(1, 1_000_000), {
      fallback: '10000',
      help: 'connections that the built-in broker accepts at the same time',
    }),
    maxKeepAlive: setting('MQTT_MAX_KEEPALIVE', duration(1000), {
      help: 'longest keep-alive that the built-in broker accepts from a client (unset: any, also none)',
    }),
    maxInflightMessages: setting('MQTT_MAX_INFLIGHT', whole(1, 32_000), {
      fallback: '1000',
      help: 'messages that the built-in broker sends to one subscriber before it waits for acknowledgements',
    }),
    maxQueuedMessages: setting('MQTT_MAX_QUEUED', count, {
      fallback: '1000000',
      help: 'messages that the built-in broker keeps for one absent session or one shared subscription; the oldest are dropped first',
    }),
    maxQueuedBytes: setting('MQTT_MAX_QUEUED_BYTES', memory, {
      fallback: '512MB',
      help: 'memory that the built-in broker uses for all queued messages together; the longest queue loses its oldest messages first',
    }),
    maxUserQueuedBytes: setting('MQTT_MAX_USER_QUEUED_BYTES', memory, {
      fallback: '256MB',
      help: 'memory that the built-in broker uses for the queued messages of the sessions of one user, or of one address where clients have no user name',
    }),
    maxRetainedMessages: setting('MQTT_MAX_RETAINED', count, {
      fallback: '100000',
      help: 'topics whose retained message the built-in broker keeps',
    }),
    maxAddressConnections: setting('MQTT_MAX_ADDRESS_CONNECTIONS', count, {
      fallback: '5000',
      help: 'connections that the built-in broker accepts at the same time from one IPv4 address or IPv6 /56',
    }),
    maxPendingLogins: setting('MQTT_MAX_PENDING_LOGINS', count, {
      fallback: '1000',
      help: 'logins from one address that wait until the built-in broker checks their password; further ones are refused at once',
    }),
    maxLoginFailures: setting('MQTT_AUTH_FAILURES', whole(0, 1e6), {
      fallback: '10',
      help: 'failed logins of one address, user name and client id at the built-in broker, after which these three are banned for a time; each further failure doubles the time (0: never)',
    }),
    maxLoginBan: setting('MQTT_AUTH_BAN', duration(1000), {
      fallback: '1m',
      help: 'longest such ban after failed logins at the built-in broker',
    }),
    maxUnfinishedBytes: setting('MQTT_MAX_UNFINISHED_BYTES', memory, {
      fallback: '64MB',
      help: 'memory that the built-in broker uses for packets that have begun to arrive and are not complete; beyond it the connection with the largest one is closed',
    }),
    maxFilters: setting('MQTT_MAX_FILTERS', whole(1, 10_000), {
      fallback: '1000',
      help: 'topic filters in one SUBSCRIBE or UNSUBSCRIBE packet at the built-in broker; a larger SUBSCRIBE is refused as a whole',
    }),
    maxSubscriptions: setting('MQTT_MAX_SUBSCRIPTIONS', count, {
      fallback: '10000',
      help: 'subscriptions of one client at the built-in broker',
    }),
    maxUserSubscriptions: setting('MQTT_MAX_USER_SUBSCRIPTIONS', count, {
      fallback: '100000',
      help: 'subscriptions of all clients of one user at the built-in broker, or of one address where clients have no user name',
    }),
    maxSessions: setting('MQTT_MAX_SESSIONS', count, {
      fallback: '10000',
      help: 'sessions of absent clients that the built-in broker keeps; the longest absent one ends first',
    }),
    maxUserSessions: setting('MQTT_MAX_USER_SESSIONS', count, {
      fallback: '5000',
      help: 'sessions of absent clients that the built-in broker keeps for one user, or for one address where clients have no user name',
    }),
  },
} satisfies Section;
