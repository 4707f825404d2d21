import { type Section, setting } from '../setting.ts';
import { choice, duration, text } from '../value-types.ts';

export const redis = {
  title: 'Redis',
  settings: {
    url: setting(
      'REDIS_URL',
      // The store reads it in full: URL.canParse refuses a URL with several hosts.
      text.regex(
        /^rediss?(\+sentinel|\+cluster)?:\/\/./,
        'must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://',
      ),
      { secret: true, help: 'URL of the Redis store (unset: the embedded store in DATA_DIR is used)' },
    ),
    host: setting('REDIS_HOST', text, {
      help: 'host of the Redis store, as the replaced system named it: the same as REDIS_URL=redis://<host>:6379',
    }),
    durability: setting('REDIS_DURABILITY', choice('memory', 'fsync', 'replicated'), {
      fallback: 'memory',
      help: 'what a commit in Redis waits for: memory (the answer of the server), fsync (WAITAOF: the data is on disk) or replicated (WAIT 1: a replica has the data)',
    }),
    layout: setting('REDIS_LAYOUT', choice('auto', 'timeseries', 'sorted-set'), {
      fallback: 'auto',
      help: 'how readings are kept in Redis: timeseries (RedisTimeSeries), sorted-set, or auto (RedisTimeSeries if the server has it)',
    }),
    packing: setting('REDIS_PACKING', choice('auto', 'on', 'off'), {
      fallback: 'auto',
      help: 'whether the layout sorted-set packs older readings, which then take a tenth of the memory: auto does so on a store that no earlier version has used, on also on any other and may be set when no replica of an earlier version will run on the store again, off packs nothing more',
    }),
    eviction: setting('REDIS_EVICTION', choice('refuse', 'accept'), {
      fallback: 'refuse',
      help: 'what to do if the maxmemory-policy of Redis is not noeviction, so that Redis drops stored readings when its memory is full: refuse to start, or accept the loss',
    }),
    ca: setting('REDIS_CA', text, {
      help: 'certificate as PEM of the authority that signed the certificate of a rediss:// server (usually given as REDIS_CA_FILE)',
    }),
    timeout: setting('REDIS_TIMEOUT', duration(100), {
      fallback: '5s',
      help: 'how long Redis may leave a command without an answer before the connection is closed and opened again',
    }),
  },
  derive({ REDIS_HOST, REDIS_URL }): Record<string, unknown> {
    if (REDIS_HOST === undefined || REDIS_URL !== undefined) return {};
    const host = String(REDIS_HOST);
    return { REDIS_URL: `redis://${host.includes(':') ? host : `${host}:6379`}` };
  },
} satisfies Section;
