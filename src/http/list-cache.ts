/**
 * The newest rows of a series as they were answered, until its version changes: every commit, of whichever replica, draws
 * another, and asking for it costs a fraction of reading and writing a thousand rows. The version is read before the rows, so
 * that a commit in between makes the entry useless, never stale. What RETENTION drops without a commit goes within a minute.
 */
import { LRUCache } from 'lru-cache';
import type { SeriesId } from '../domain/series.ts';
import type { ScoredSample } from '../domain/verdict.ts';
import type { Store } from '../store/store.ts';

const BYTES = 16 * 2 ** 20;
const TTL_MS = 60_000;

export class ListCache {
  private readonly bodies = new LRUCache<string, Buffer>({
    maxSize: BYTES,
    sizeCalculation: (body) => body.length + 1,
    ttl: TTL_MS,
  });

  constructor(private readonly store: Pick<Store, 'load' | 'range'>) {}

  /** @param as what else the body depends on, such as the format @param render of the newest `limit`, oldest first */
  async body(
    series: SeriesId,
    limit: number,
    as: string,
    render: (samples: readonly ScoredSample[]) => string,
  ): Promise<Buffer> {
    const [record] = await this.store.load([series]);
    const key = record && JSON.stringify([series.sensor, series.metric, record.version, limit, as]);
    const known = key && this.bodies.get(key);
    if (known) return known;
    const body = Buffer.from(render(await this.store.range(series, 0, Number.MAX_SAFE_INTEGER, limit)));
    if (key) this.bodies.set(key, body);
    return body;
  }
}
