/**
 * A series is the stream of values of one metric of one sensor: the unit of ordering, of scoring and of atomic commits.
 */
export interface SeriesId {
  readonly sensor: string;
  readonly metric: string;
}

const PLAIN = /^[A-Za-z0-9._-]*$/;

/** Percent-encodes (UTF-8, upper-case hex) everything outside `[A-Za-z0-9._-]`, so that a name can stand in a key. */
export function encodeName(name: string): string {
  // Asked for every reading, and nearly all names are plain.
  if (PLAIN.test(name)) return name;
  return name.replace(/[^A-Za-z0-9._-]+/g, (reserved) => {
    let out = '';
    for (const byte of Buffer.from(reserved, 'utf8'))
      out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    return out;
  });
}

/** `<sensor>/<metric>`, both encoded: unique per series, and the hash tag of its keys in Redis. */
export function seriesKey(series: SeriesId): string {
  return `${encodeName(series.sensor)}/${encodeName(series.metric)}`;
}
