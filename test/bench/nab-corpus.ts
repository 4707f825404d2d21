/**
 * Files of the Numenta Anomaly Benchmark with their labelled windows, and its scoring of alarms as they are emitted (Lavin
 * and Ahmad 2015, standard profile): the first min(15 %, 750) rows count for nothing, the earliest alarm inside a window
 * earns the more the earlier it is, a missed window costs 1, every alarm outside up to 0.11. No alarms at all score 0, a
 * perfect detector 100. The same rules as the benchmark's own, without its sweep for the best threshold.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRows } from '../../src/commands/rows.ts';

export interface NabFile {
  readonly name: string;
  /** Strictly ascending, ms UTC: a repeated or unsorted time is the one before + 1 ms. */
  readonly ts: Float64Array;
  readonly values: Float64Array;
  /** Rows at the beginning that a detector may learn from. */
  readonly probation: number;
  /** Rows of the first and last reading of each labelled window. */
  readonly windows: readonly (readonly [number, number])[];
}

export interface NabScore {
  readonly score: number;
  readonly caught: number;
  readonly windows: number;
  readonly falseAlarms: number;
  /** Per 1,000 scored rows. */
  readonly falseRate: number;
}

/** @param directory holds `windows.json` and `data/<category>/<file>.csv` */
export async function readCorpus(directory: string): Promise<NabFile[]> {
  const labels = JSON.parse(readFileSync(join(directory, 'windows.json'), 'utf8')) as Record<
    string,
    [string, string][]
  >;
  const files: NabFile[] = [];
  for (const [name, windows] of Object.entries(labels)) {
    const rows = await readRows(join(directory, 'data', name));
    const first = new Map<string, number>();
    const ts = new Float64Array(rows.length);
    rows.forEach((row, i) => {
      const text = row.timestamp.slice(0, 19);
      if (!first.has(text)) first.set(text, i);
      ts[i] = i > 0 && row.ts <= ts[i - 1]! ? ts[i - 1]! + 1 : row.ts;
    });
    files.push({
      name,
      ts,
      values: Float64Array.from(rows, ({ value }) => value),
      probation: Math.min(Math.floor(0.15 * rows.length), 750),
      windows: windows.map(([from, to]) => [first.get(from.slice(0, 19))!, first.get(to.slice(0, 19))!]),
    });
  }
  return files;
}

const FALSE_POSITIVE = 0.11;
const sigmoid = (y: number): number => 2 / (1 + Math.exp(5 * y)) - 1;

/** @param alarms per file, in the corpus' order, the rows that raise one */
export function scoreAlarms(corpus: readonly NabFile[], alarms: readonly (readonly number[])[]): NabScore {
  let raw = 0;
  let windows = 0;
  let caught = 0;
  let falseAlarms = 0;
  let rows = 0;
  corpus.forEach((file, f) => {
    const best = file.windows.map(() => -1);
    for (const row of alarms[f]!) {
      if (row < file.probation) continue;
      const inside = file.windows.findIndex(([from, to]) => row >= from && row <= to);
      if (inside >= 0) best[inside] = Math.max(best[inside]!, reward(file.windows[inside]!, row));
      else {
        falseAlarms++;
        raw += FALSE_POSITIVE * penalty(file.windows, row);
      }
    }
    for (const earned of best) raw += earned;
    caught += best.filter((earned) => earned > -1).length;
    windows += best.length;
    rows += file.values.length - file.probation;
  });
  return {
    score: (100 * (raw + windows)) / (2 * windows),
    caught,
    windows,
    falseAlarms,
    falseRate: (1000 * falseAlarms) / rows,
  };
}

function reward([from, to]: readonly [number, number], row: number): number {
  return sigmoid(-(to - row + 1) / (to - from + 1)) / sigmoid(-1);
}

/** -1 far from any window, less just after one. */
function penalty(windows: NabFile['windows'], row: number): number {
  const before = windows.filter(([, to]) => to < row).at(-1);
  if (!before) return -1;
  const behind = (row - before[1]) / (before[1] - before[0]);
  return behind > 3 ? -1 : sigmoid(behind);
}
