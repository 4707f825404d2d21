/** The report that `vigia train` prints about a model. */
import type { TrainingResult } from '../../models/training/training.ts';

/** Lists the errors on the rows that the training did not use, those of two simple forecasts for comparison, and the properties of the artifact. */
export function trainingReport({ artifact, report }: TrainingResult): string[] {
  const { test, threshold } = report;
  const { origin, scaling } = artifact;
  const unit = scaling.kind === 'window' ? 'units of the window’s scale' : 'units of the series';
  const row = (name: string, { mae, p99 }: { mae: number; p99: number }) =>
    `  ${name.padEnd(14)}${mae.toPrecision(4).padStart(10)}${p99.toPrecision(4).padStart(12)}`;
  return [
    `Errors in ${unit} on the last ${test.windows} rows, which training did not see:`,
    `  ${''.padEnd(14)}${'MAE'.padStart(10)}${'p99'.padStart(12)}`,
    row('LSTM', test.lstm),
    row('last value', test.persistence),
    row('AR(10)', test.ar10),
    `p99 threshold (training rows): ${threshold.toPrecision(6)}`,
    `window ${artifact.window}, ${origin.kind === 'trained' ? `seed ${origin.seed}, ${origin.epochs} epochs, ${origin.backend}, ` : ''}checksum ${artifact.checksum.slice(0, 12)}`,
  ];
}
