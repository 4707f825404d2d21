import type { SeriesId } from '../../domain/series.ts';

/** Names and units of series, for display. */
export interface Labels {
  /** What people call the series; null where nobody has said. */
  nameOf(series: SeriesId): string | null;
  /** null where none is known */
  unitOf(series: SeriesId): string | null;
}
