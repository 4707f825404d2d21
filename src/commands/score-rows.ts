/**
 * `vigia score`: scores a CSV file with the code that scores the stream, row by row in the order of the file. A row with a
 * repeated or unsorted timestamp keeps its text and is scored at the time of the row before + 1 ms.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { CsvReading } from '../../devices/timestamp-value-csv.ts';
import type { Model } from '../../models/model.ts';
import type { TrainingOptions } from '../../models/training/training.ts';
import { Fold } from '../detect/fold.ts';
import { ForecastBatch } from '../detect/forecast-batch.ts';
import { SeasonalRing } from '../detect/seasonal-ring.ts';
import { emptyState } from '../detect/state.ts';
import type { Sample } from '../domain/reading.ts';
import { ConfigurationError } from '../errors.ts';

export const SCORE_COLUMNS = 'timestamp,value,expected,error,score,anomaly,warmup';

export interface ScoreOptions {
  readonly rows: readonly CsvReading[];
  readonly model: Model;
  /** How many rows at the beginning the model was trained on. They are marked as warm-up and raise no alarm. */
  readonly probation: number;
  /** Receives each output line, without a line break. It may return a promise that the next line waits for. */
  readonly write: (line: string) => Promise<void> | undefined;
  readonly onProgress?: (rows: number) => void;
}

export interface ScoreSummary {
  readonly rows: number;
  readonly anomalies: number;
}

const CHUNK = 1024;

/** How many rows a detector may learn from, by the rules of the NAB benchmark. */
export function probationRows(rows: number): number {
  return Math.min(Math.floor(0.15 * rows), 750);
}

/**
 * How a model is trained on the whole probation period of a file. With a standard scale the detector finds more anomalies than
 * with window scaling, although the forecasts are worse: a value outside the range of the probation period is forecast badly,
 * and the large error shows the anomaly (docs/detection.md has the figures).
 */
export function probationTraining(rows: readonly CsvReading[], seed: number): TrainingOptions {
  return {
    name: 'probation',
    seed,
    series: [
      {
        values: Float64Array.from(rows, ({ value }) => value),
        from: rows[0]?.ts ?? 0,
        to: rows.at(-1)?.ts ?? 0,
      },
    ],
    scaling: 'standard',
    units: [32],
    epochs: 30,
    shares: { validation: 0.15, test: 0 },
  };
}

export async function scoreRows({
  rows,
  model,
  probation,
  write,
  onProgress,
}: ScoreOptions): Promise<ScoreSummary> {
  const models = { model, shadow: null };
  let state = emptyState();
  let season = SeasonalRing.empty();
  let anomalies = 0;
  await write(SCORE_COLUMNS);
  for (let from = 0; from < rows.length; from += CHUNK) {
    const chunk = rows.slice(from, from + CHUNK);
    let last = state.lastTs;
    const samples: Sample[] = chunk.map(({ ts, value }) => {
      last = ts > last ? ts : last + 1;
      return { ts: last, value };
    });
    const batch = new ForecastBatch();
    const fold = new Fold(state, samples, () => models, batch, season);
    await batch.compute();
    const result = fold.run();
    const raised = new Set(result.alerts.map(({ ts }) => ts));
    for (const [i, { timestamp, value }] of chunk.entries()) {
      const { expected, score, warmup } = result.verdicts[i]!;
      const learning = from + i < probation;
      const anomaly = !learning && raised.has(samples[i]!.ts);
      if (anomaly) anomalies++;
      const error = expected === null ? '' : Math.abs(value - expected);
      const line = [
        quoted(timestamp),
        value,
        expected ?? '',
        error,
        score ?? '',
        +anomaly,
        +(warmup || learning),
      ];
      await write(line.join(','));
    }
    state = result.state;
    season = result.season;
    onProgress?.(from + chunk.length);
  }
  return { rows: rows.length, anomalies };
}

/** A line writer to `file`. @throws ConfigurationError (field output) when it cannot be written */
export async function lineWriter(
  file: string,
): Promise<{ write(line: string): Promise<void> | undefined; end(): Promise<void> }> {
  const stream = createWriteStream(file);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new ConfigurationError(`--output ${file}: ${(error as Error).message}`, {
      field: 'output',
      cause: error,
    });
  }
  return {
    write: (line) => {
      return stream.write(`${line}\n`) ? undefined : once(stream, 'drain').then(() => {});
    },
    end: async () => {
      stream.end();
      await finished(stream);
    },
  };
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
