/** What `vigia doctor --size 10000x1/m` says: how much memory or disk a load needs in each kind of store. */
import { mkdir, statfs } from 'node:fs/promises';
import pino from 'pino';
import { openExistingStore } from '../app/store-choice.ts';
import { spokenDuration } from '../domain/duration.ts';
import { InvalidInput } from '../errors.ts';
import type { Config } from '../settings/config.ts';
import { bytesAfter, fullAfter, type Load, type Retention, SIZES, type SizedStore } from '../store/sizing.ts';
import type { Finding } from './finding.ts';

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DAY = 86_400_000;
const NAMES: Readonly<Record<SizedStore, string>> = {
  timeseries: 'Redis with RedisTimeSeries, memory',
  'sorted-set': 'Redis without it, memory (readings packed)',
  embedded: 'embedded store, disk',
};

/** @param text series, times, readings of each in a unit of time: `10000x1/m` @throws InvalidInput (field `size`) */
export function parseLoad(text: string): Load {
  const match = /^(\d+)x(\d+(?:\.\d+)?)\/([smhd])$/.exec(text.trim());
  const [series, rate] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || series === 0 || rate === 0) {
    const form = '<series>x<readings>/<s, m, h or d>, such as 10000x1/m';
    throw new InvalidInput('size', `--size must be ${form}`);
  }
  return { series, interval: UNITS[match[3] as keyof typeof UNITS] / rate };
}

/** Reads how much room the store of the settings has. */
export async function sizeFindings(config: Config, load: Load, patience: number): Promise<Finding[]> {
  const { retention, minutesRetention, hoursRetention } = config.store;
  const kept = { readings: retention, rollups: { '1m': minutesRetention, '1h': hoursRetention } };
  const longest = Math.max(retention, minutesRetention, hoursRetention);
  const shown = (Object.keys(SIZES) as SizedStore[]).map((store): Finding => {
    const at = (after: number) => `${bytesText(bytesAfter(store, load, kept, after))}`;
    const { reading, bucket, series } = SIZES[store];
    const each = `${reading} bytes a reading, ${bucket} a minute or hour in which there are any, ${Math.round(series / 1000)} kB a series`;
    const detail = `${NAMES[store]}: ${at(30 * DAY)} after 30 days, ${at(365 * DAY)} after a year, ${at(longest)} at most (${each})`;
    return { check: 'size', status: 'ok', detail };
  });
  return [...shown, await fits(config, load, kept, patience)];
}

/** Whether the load fits into the store of the settings. */
async function fits(config: Config, load: Load, kept: Retention, patience: number): Promise<Finding> {
  const room = await roomOf(config, patience);
  if (room === null)
    return { check: 'size', status: 'warn', detail: 'this store does not say how much room it has' };
  if (room.bytes === 0)
    return { check: 'size', status: 'ok', detail: `${room.name} has no limit (maxmemory 0)` };
  const full = fullAfter(room.store, load, kept, room.bytes);
  const has = `${room.name} has ${bytesText(room.bytes)}`;
  if (full === Number.POSITIVE_INFINITY)
    return { check: 'size', status: 'ok', detail: `${has}: enough for this load` };
  const advice = 'give it more room, or shorten RETENTION, RETENTION_1M or RETENTION_1H';
  return { check: 'size', status: 'warn', detail: `${has}: full after ${spokenDuration(full)}; ${advice}` };
}

interface Room {
  readonly name: string;
  readonly store: SizedStore;
  /** 0: no limit */
  readonly bytes: number;
}

async function roomOf(config: Config, patience: number): Promise<Room | null> {
  if (config.redis.url === undefined) {
    await mkdir(config.store.directory, { recursive: true });
    const { bavail, bsize } = await statfs(config.store.directory);
    return {
      name: `the disk of DATA_DIR (${config.store.directory})`,
      store: 'embedded',
      bytes: bavail * bsize,
    };
  }
  const opened = await openExistingStore(config, pino({ level: 'silent' }), patience);
  try {
    const { max } = (await opened?.memory?.()) ?? { max: 0 };
    const layout = opened?.description.includes('layout timeseries') ? 'timeseries' : 'sorted-set';
    return opened && { name: 'this Redis', store: layout, bytes: max };
  } finally {
    await opened?.close();
  }
}

function bytesText(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB'];
  const i = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log(bytes / 1024) / Math.log(1024))));
  const value = bytes / 1024 ** (i + 1);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[i]}`;
}
