/**
 * Keeps the answers of `/listar`. An answer is used again while the version of its series is the same: every commit, on any
 * replica, gives the series another version, and reading the version costs much less than reading a thousand rows. The
 * version is read before the rows: a commit in between makes an entry useless, but never wrong. An entry lives for a minute
 * at most, because RETENTION deletes readings without a commit. Equal requests that come together share one read.
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

  /** Answers that are being made, by key. */
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
