import type { SeriesId } from '../../domain/series.ts';
import type { Store } from '../../store/store.ts';
import { RequestRefused } from '../middleware/error-answer.ts';

/** @throws RequestRefused (404) when the store has no such series */
export async function requireSeries(store: Pick<Store, 'series'>, series: SeriesId): Promise<void> {
  if ((await store.series.load([series]))[0] === null) {
    throw new RequestRefused(404, 'not_found', 'there is no such series');
  }
}
