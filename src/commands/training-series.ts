/**
 * `vigia train`: from a CSV file, or from what a running Vigía has stored of a sensor, to a model artifact.
 */
import type { TrainingResult, TrainingSeries } from '../../models/training/training.ts';
import { InvalidInput } from '../errors.ts';
import { readRows } from './rows.ts';
import { askServer, type RunningServer } from './running-server.ts';

/** @throws InvalidInput as `readRows` */
export async function seriesFromCsv(file: string): Promise<TrainingSeries> {
  return toSeries((await readRows(file)).map(({ ts, value }) => ({ ts, value })));
}

export interface StoredSource extends RunningServer {
  readonly sensor: string;
  readonly metric: string;
  /** ms UTC */
  readonly from: number;
}

/** @throws InvalidInput (field sensor) when nothing is stored in that time; as `askServer` */
export async function seriesFromServer({
  url,
  token,
  sensor,
  metric,
  from,
}: StoredSource): Promise<TrainingSeries> {
  const path = `/api/series/${encodeURIComponent(sensor)}/${encodeURIComponent(metric)}?from=${from}`;
  const points = (await askServer({ url, token }, 'GET', path)) as { t: number; v: number }[];
  if (points.length === 0)
    throw new InvalidInput(
      'sensor',
      `${sensor}/${metric} has no readings since ${new Date(from).toISOString()}`,
    );
  return toSeries(points.map(({ t, v }) => ({ ts: t, value: v })));
}

function toSeries(rows: readonly { readonly ts: number; readonly value: number }[]): TrainingSeries {
  return { values: Float64Array.from(rows, ({ value }) => value), from: rows[0]!.ts, to: rows.at(-1)!.ts };
}

/** The result for a person: errors on the rows that training did not see, beside two simple forecasts. */
export function trainingReport({ artifact, report }: TrainingResult, unit: string): string[] {
  const { test, threshold } = report;
  const row = (name: string, { mae, p99 }: { mae: number; p99: number }) =>
    `  ${name.padEnd(14)}${mae.toPrecision(4).padStart(10)}${p99.toPrecision(4).padStart(12)}`;
  return [
    `Errors in ${unit} on the last ${test.windows} rows, which training did not see:`,
    `  ${''.padEnd(14)}${'MAE'.padStart(10)}${'p99'.padStart(12)}`,
    row('LSTM', test.lstm),
    row('last value', test.persistence),
    row('AR(10)', test.ar10),
    `p99 threshold (training rows): ${threshold.toPrecision(6)}`,
    `window ${artifact.window}, seed ${artifact.origin.kind === 'trained' ? artifact.origin.seed : '-'}, checksum ${artifact.checksum.slice(0, 12)}`,
  ];
}
