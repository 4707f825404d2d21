import { type Section, setting } from '../setting.ts';
import { bytes, choice, duration, text, whole } from '../value-types.ts';

const units = text.transform((given, context) => {
  const result: Record<string, string> = {};
  for (const part of given.split(',').filter((p) => p.trim() !== '')) {
    const at = part.indexOf('=');
    if (at < 1) context.addIssue({ code: 'custom', message: 'must be metric=unit pairs, comma-separated' });
    else result[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return Object.freeze(result);
});

export const readings = {
  title: 'Readings and their limits',
  settings: {
    units: setting('UNITS', units, {
      fallback: 'temperature=°C',
      shape: 'map',
      reload: true,
      help: 'unit of each metric, as metric=unit pairs separated by commas',
    }),
    maxClockSkew: setting('MAX_CLOCK_SKEW', duration(), {
      fallback: '5m',
      help: 'how far in the future the timestamp of a reading may be',
    }),
    arrivalLead: setting('ARRIVAL_LEAD', duration(1000), {
      fallback: '1m',
      help: 'how far ahead of the clock the arrival times of one series may run where its readings come by MQTT without a time: each takes a millisecond of its own, so a burst of 60,000 fits into 1m',
    }),
    arrivalWait: setting('ARRIVAL_WAIT', duration(), {
      fallback: '5s',
      help: 'how long a reading without a time waits where its series has run ahead of the clock by ARRIVAL_LEAD; then its message becomes a dead letter (too-many-without-time)',
    }),
    readyClock: setting('READY_CLOCK', choice('any', 'right'), {
      fallback: 'any',
      help: "right: /readyz answers 503 while the clock of this process differs from the store's by more than MAX_CLOCK_SKEW",
    }),
    maxPayload: setting('MAX_PAYLOAD', bytes(16, 2 ** 28), {
      fallback: '256kB',
      help: 'size of the largest MQTT packet and of the largest HTTP request body',
    }),
    maxReadings: setting('MAX_READINGS', whole(1, 1_000_000), {
      fallback: '10000',
      help: 'readings that one message or one request may contain',
    }),
    maxDecompressed: setting('MAX_DECOMPRESSED', bytes(16, 2 ** 28), {
      fallback: '4MB',
      help: 'size of the largest payload after a compressed message was decompressed',
    }),
    maxNameBytes: setting('MAX_NAME_BYTES', whole(1, 4096), {
      fallback: '200',
      help: 'length of the longest name of a sensor or a metric, in bytes of UTF-8',
    }),
  },
} satisfies Section;
