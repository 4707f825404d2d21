/**
 * The newest rows of a series as they were answered, until its version changes: every commit, of whichever replica, draws
 * another, and asking for it costs a fraction of reading and writing a thousand rows. The version is read before the rows, so
 * that a commit in between makes the entry useless, never stale. What RETENTION drops without a commit goes within a minute.
 * Requests for the same rows that come together are answered by one read.
 */
import { LRUCache } from 'lru-cache';
import type { Sample } from '../../domain/reading.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { SeriesStore } from '../../store/store.ts';

const BYTES = 16 * 2 ** 20;
const TTL_MS = 60_000;

export class ListCache {
  private readonly bodies = new LRUCache<string, Buffer>({
    maxSize: BYTES,
    sizeCalculation: (body) => body.length + 1,
    ttl: TTL_MS,
  });

  /** By key, while they are read and written. */
  private readonly coming = new Map<string, Promise<Buffer>>();

  constructor(private readonly store: Pick<SeriesStore, 'load' | 'newest'>) {}

  /** @param as what else the body depends on, such as the format @param render of the newest `limit`, oldest first */
  async body(
    series: SeriesId,
    limit: number,
    as: string,
    render: (samples: readonly Sample[]) => string,
  ): Promise<Buffer> {
    const [record] = await this.store.load([series]);
    const read = async () => Buffer.from(render(await this.store.newest(series, limit)));
    if (!record) return read();
    const key = JSON.stringify([series.sensor, series.metric, record.version, limit, as]);
    const known = this.bodies.get(key) ?? this.coming.get(key);
    if (known) return known;
    const coming = read();
    this.coming.set(key, coming);
    try {
      const body = await coming;
      this.bodies.set(key, body);
      return body;
    } finally {
      this.coming.delete(key);
    }
  }
}
