import { type Section, setting } from '../setting.ts';
import { bytes, choice, whole } from '../value-types.ts';

export const pipeline = {
  title: 'Pipeline',
  settings: {
    maxInFlight: setting('MAX_IN_FLIGHT', whole(1, 10_000_000), {
      fallback: '8000',
      help: 'received messages that may wait in memory for their commit; at this number a bridge stops reading from the broker',
    }),
    maxInFlightBytes: setting('MAX_IN_FLIGHT_BYTES', bytes(1024, 2 ** 40), {
      fallback: '64MB',
      help: 'memory of received messages that wait for their commit, where each reading counts for 300 bytes more than its message; at this size a bridge stops reading from the broker. The readings of waiting HTTP requests have the same bound for themselves; further requests are answered with 503',
    }),
    maxSeriesWaiting: setting('MAX_SERIES_WAITING', whole(0, 10_000_000), {
      fallback: '500',
      help: 'readings of one series that wait while the series cannot be written (a damaged page, a key that is not allowed); further ones become dead letters (series-unwritable), so that they do not take the place of other series. Of all such series together at most half of what may be in flight waits',
    }),
    forwarding: setting('HAND_OVER', choice('yes', 'no'), {
      fallback: 'yes',
      help: 'whether the replicas of MQTT_GROUP on one Redis forward each reading to the replica that its series belongs to; forwarding makes commits faster and changes no result',
    }),
    batchMax: setting('BATCH_MAX', whole(1, 100_000), {
      fallback: '1000',
      help: 'readings that one commit may contain',
    }),
    batchSeries: setting('BATCH_SERIES', whole(1, 100_000), {
      fallback: '256',
      help: 'series that one commit may contain',
    }),
    lingerMs: setting('BATCH_LINGER_MS', whole(0, 60_000), {
      fallback: '0',
      help: 'milliseconds that a batch waits for more readings while no other commit is running',
    }),
    gatherMs: setting('BATCH_GATHER_MS', whole(0, 100), {
      fallback: '2',
      help: 'milliseconds that the first reading of a batch waits at most for others, where others can be expected within that time; a reading that comes alone does not wait',
    }),
    cacheSize: setting('STATE_CACHE', whole(1, 10_000_000), {
      fallback: '10000',
      help: 'series whose detector state is kept in memory',
    }),
    rebuildReadings: setting('REBUILD_READINGS', whole(100, 10_000_000), {
      fallback: '5000',
      help: 'stored readings of a series, the newest ones, from which its detector is rebuilt after an upgrade that changes the detector',
    }),
  },
} satisfies Section;
