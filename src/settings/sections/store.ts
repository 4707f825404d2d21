import { type Section, setting } from '../setting.ts';
import { bytes, choice, duration, text, whole } from '../value-types.ts';

export const store = {
  title: 'Store',
  settings: {
    directory: setting('DATA_DIR', text.min(1), {
      fallback: './data',
      help: 'directory of the embedded store, which is used when REDIS_URL is not set',
    }),
    retention: setting('RETENTION', duration(60_000), {
      fallback: '30d',
      help: 'how long raw readings and alerts are kept',
    }),
    minutesRetention: setting('RETENTION_1M', duration(60_000), {
      fallback: '365d',
      help: 'how long averages, minima and maxima per minute are kept; a value below RETENTION counts as RETENTION',
    }),
    hoursRetention: setting('RETENTION_1H', duration(60_000), {
      fallback: '3650d',
      help: 'how long averages, minima and maxima per hour are kept; a value below RETENTION counts as RETENTION',
    }),
    reserve: setting('DISK_RESERVE', bytes(0, 2 ** 32), {
      fallback: '16MB',
      help: 'size of the file in DATA_DIR that keeps room for deleting and trimming on a full disk; 0: no such file',
    }),
    stateFormat: setting('STATE_FORMAT', choice('auto', '3'), {
      fallback: 'auto',
      help: 'auto writes detector states so that release 0.1 can read them, on a store that has series of that release; 3 ends this for good, to be set when no replica of release 0.1 will run on the store again',
    }),
    deadLetterMax: setting('DEAD_LETTER_MAX', whole(1, 100_000_000), {
      fallback: '100000',
      help: 'dead letters that are kept; the oldest are deleted first',
    }),
    deadLetterMaxBytes: setting('DEAD_LETTER_MAX_BYTES', bytes(1024, 2 ** 40), {
      fallback: '256MB',
      help: 'size of all dead letters together; the oldest are deleted first',
    }),
    maxSeries: setting('MAX_SERIES', whole(1, 100_000_000), {
      fallback: '250000',
      help: 'series that there may be; readings of a further one become dead letters (too-many-series), or are refused where they come by HTTP',
    }),
    maxUserSeries: setting('MAX_USER_SERIES', whole(1, 100_000_000), {
      fallback: '50000',
      help: 'series that one user of the built-in broker may begin while the process runs',
    }),
    auditMax: setting('AUDIT_MAX', whole(1, 10_000_000), {
      fallback: '10000',
      help: 'entries of the audit log that are kept; the oldest are deleted first',
    }),
  },
  derive({ RETENTION, RETENTION_1M, RETENTION_1H }): Record<string, unknown> {
    const atLeast = (kept: unknown) => Math.max(Number(RETENTION), Number(kept));
    return { RETENTION_1M: atLeast(RETENTION_1M), RETENTION_1H: atLeast(RETENTION_1H) };
  },
} satisfies Section;
