/**
 * What people call series, and the units they give them: kept in the store, so that all replicas show the same. A unit of one
 * series goes before a unit of its metric on all sensors (`sensor: '*'`), and that before the unit of UNITS.
 */
import { StoredDocument } from '../alerts/stored-document.ts';
import { type SeriesId, seriesKey } from '../domain/series.ts';
import { InvalidInput } from '../errors.ts';
import type { DocumentStore } from '../store/store.ts';

export interface SeriesLabel extends SeriesId {
  readonly name: string | null;
  readonly unit: string | null;
}

export interface SeriesLabelsOptions {
  readonly documents: DocumentStore;
  /** Of UNITS, by metric; may change while the process runs. */
  readonly units: () => Readonly<Record<string, string>>;
}

/** More would make every list of series slow to read. */
const MOST = 10_000;

/** Stands for every sensor. */
export const EVERY_SENSOR = '*';

export class SeriesLabels {
  private byKey = new Map<string, SeriesLabel>();
  private readonly document: StoredDocument<readonly SeriesLabel[]>;

  constructor(private readonly options: SeriesLabelsOptions) {
    this.document = new StoredDocument<readonly SeriesLabel[]>(
      options.documents,
      'series-labels',
      [],
      (labels) => {
        this.byKey = new Map(labels.map((label) => [seriesKey(label), label]));
      },
    );
  }

  list(): readonly SeriesLabel[] {
    return this.document.current;
  }

  /** @throws StoreUnavailable */
  refresh(): Promise<void> {
    return this.document.refresh();
  }

  /** What people call the series; null where nobody has said. */
  nameOf(series: SeriesId): string | null {
    return this.byKey.get(seriesKey(series))?.name ?? null;
  }

  /** For display; null where none is known. */
  unitOf(series: SeriesId): string | null {
    const own = this.byKey.get(seriesKey(series))?.unit;
    return own ?? this.unitOfMetric(series.metric);
  }

  private unitOfMetric(metric: string): string | null {
    const set = this.byKey.get(seriesKey({ sensor: EVERY_SENSOR, metric }))?.unit;
    const units = this.options.units();
    // A metric may have any name, also `constructor`.
    return set ?? (Object.hasOwn(units, metric) ? (units[metric] ?? null) : null);
  }

  /**
   * Sets name and unit of a series; null takes what was set away.
   * @throws InvalidInput, StoreUnavailable
   */
  async set(label: SeriesLabel): Promise<void> {
    const key = seriesKey(label);
    if (label.sensor === EVERY_SENSOR && label.name !== null)
      throw new InvalidInput('name', 'name: one name cannot be that of many series');
    await this.document.update((labels) => {
      const others = labels.filter((other) => seriesKey(other) !== key);
      const nothing = label.name === null && label.unit === null;
      if (!nothing && others.length >= MOST)
        throw new InvalidInput(
          'sensor',
          `sensor: ${MOST} series have names or units, and more cannot be kept`,
        );
      return nothing ? others : [...others, label];
    });
  }
}
