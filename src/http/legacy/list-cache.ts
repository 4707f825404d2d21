/**
 * Keeps the answers of `/listar`. An answer is used again while the version of its series is the same: every commit, on any
 * replica, gives the series another version, and reading the version costs much less than reading a thousand rows. The
 * version is read before the rows: a commit in between makes an entry useless, but never wrong. An entry lives for a minute
 * at most, because RETENTION deletes readings without a commit. Equal requests that come together share one read.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Sample } from '../../domain/reading.ts';
import type { SeriesId } from '../../domain/series.ts';
import type { SeriesReads, Store } from '../../store/store.ts';

const BYTES = 16 * 2 ** 20;
const TTL_MS = 60_000;
/** Samples that are read and shown at once. */
const PAGE = 2_000;

export interface List {
  readonly series: SeriesId;
  readonly limit: number;
  /** What else the body depends on, such as the format. */
  readonly as: string;
  /** Who reads, see `Store.reads`. */
  readonly client: string;
}

export class ListCache {
  private readonly bodies = new LRUCache<string, Buffer>({
    maxSize: BYTES,
    sizeCalculation: (body) => body.length + 1,
    ttl: TTL_MS,
  });

  /** Answers that are being made, by key. */
  private readonly coming = new Map<string, Promise<Buffer>>();

  constructor(private readonly store: Pick<Store, 'series' | 'reads'>) {}

  /** @param render makes the body of pages of the samples, oldest first */
  async body(
    { series, limit, as, client }: List,
    render: (pages: AsyncIterable<readonly Sample[]>) => Promise<string>,
  ): Promise<Buffer> {
    const [record] = await this.store.series.load([series]);
    const read = async () =>
      Buffer.from(await render(newestPages(this.store.reads(client).series, series, limit)));
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

/** Between two pages everything else of this process has its turn. */
async function* newestPages(
  reads: SeriesReads,
  series: SeriesId,
  limit: number,
): AsyncGenerator<readonly Sample[]> {
  if (limit <= PAGE) {
    yield await reads.newest(series, limit);
    return;
  }
  const pages: Sample[][] = [];
  let left = limit;
  for (let to = Number.MAX_SAFE_INTEGER; left > 0; ) {
    const page = await reads.range(series, 0, to, Math.min(PAGE, left));
    if (page.length === 0) break;
    pages.push(page.map(({ ts, value }) => ({ ts, value })));
    left -= page.length;
    to = page[0]!.ts - 1;
  }
  for (const page of pages.reverse()) {
    yield page;
    await turn();
  }
}
