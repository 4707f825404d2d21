/**
 * The table of docs/detection.md on recordings with labelled events: the shipped model and the adaptive detector, with and without a
 * season, beside two cheap rules with the same hold-off. `DETECTION_DATA` names the folder (default ../shared/detection) with `labels.json`
 * and `data/<set>/<file>.csv`; a set that is not there is skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { loadArtifact } from '../../models/artifact.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { createModel } from '../../models/lstm-model.ts';
import type { Model } from '../../models/model.ts';
import { readRows } from '../../src/commands/rows.ts';
import { createAdaptive, HOLD_OFF, stepAdaptive } from '../../src/detect/adaptive.ts';
import { SeasonalRing } from '../../src/detect/seasonal-ring.ts';
import { eventF1, type Judgement, judge, meanVusPr, type Recording, total } from './detection-judge.ts';

const directory = resolve(process.env.DETECTION_DATA ?? '../shared/detection');
/** Events fewer rows apart count as one. */
const APART = 30;
/** Values that a cheap rule looks back at. */
const PAST = 1000;

interface Detected {
  readonly alarms: readonly number[];
  readonly scores: Float64Array;
}

it.skipIf(!existsSync(directory))('finds labelled events', { timeout: 3_600_000 }, async () => {
  const model = createModel(await loadArtifact(defaultModelDirectory()));
  const table: Record<string, Record<string, string | number>> = {};
  for (const [set, recordings] of await readSets()) {
    const forecasts = recordings.map((recording) => forecast(model, recording));
    const add = (name: string, detect: (recording: Recording, at: number) => Detected): void => {
      const judgements = recordings.map((recording, i) => {
        const { alarms, scores } = detect(recording, i);
        return judge(recording, alarms, scores);
      });
      table[`${set}: ${name}`] = row(total(judgements));
    };
    add('adaptive', (recording, i) => adaptive(recording, forecasts[i]!, SeasonalRing.empty()));
    add('adaptive without season', (recording, i) => adaptive(recording, forecasts[i]!, null));
    add('difference beyond 4 sd', ({ values }) =>
      beyond(
        values.map((value, i) => (i === 0 ? 0 : value - values[i - 1]!)),
        4,
      ),
    );
    add('value beyond 3 sd', ({ values }) => beyond(values, 3));
  }
  console.table(table);
  expect(Object.keys(table).length).toBeGreaterThan(0);
});

function row(judgement: Judgement): Record<string, string | number> {
  const { events, found, falseAlarms, days, nth } = judgement;
  return {
    'event F1': Number(eventF1(judgement).toFixed(2)),
    found: `${found}/${events}`,
    'false alarms per sensor-day': Number((falseAlarms / days).toFixed(2)),
    'VUS-PR': Number(meanVusPr(judgement).toFixed(2)),
    'recall of the 1st, 2nd, …': nth
      .map(([all, some]) => (all > 0 ? (some / all).toFixed(2) : '-'))
      .join(' '),
  };
}

async function readSets(): Promise<Map<string, Recording[]>> {
  const labels = JSON.parse(readFileSync(join(directory, 'labels.json'), 'utf8')) as Record<
    string,
    { from: number; events: [number, number][] }
  >;
  const sets = new Map<string, Recording[]>();
  for (const [name, { from, events }] of Object.entries(labels)) {
    const file = join(directory, 'data', name);
    if (!existsSync(file)) continue;
    const rows = await readRows(file);
    let last = -1;
    const ts = Float64Array.from(rows, (one) => {
      last = Math.max(one.ts, last + 1);
      return last;
    });
    const values = Float64Array.from(rows, ({ value }) => value);
    const set = name.split('/')[0]!;
    sets.set(set, [...(sets.get(set) ?? []), { name, ts, values, from, events: together(events) }]);
  }
  return sets;
}

function together(events: readonly (readonly [number, number])[]): [number, number][] {
  const found: [number, number][] = [];
  for (const [first, last] of events) {
    const before = found.at(-1);
    if (before && first - before[1] <= APART) before[1] = Math.max(before[1], last);
    else found.push([first, last]);
  }
  return found;
}

function forecast(model: Model, { values }: Recording): Float64Array {
  const { window } = model;
  const n = Math.max(0, values.length - window);
  const windows = new Float64Array(n * window);
  for (let i = 0; i < n; i++) windows.set(values.subarray(i, i + window), i * window);
  const expected = new Float64Array(values.length).fill(Number.NaN);
  model.forecast(windows, n, expected.subarray(window));
  return expected;
}

function adaptive({ ts, values }: Recording, expected: Float64Array, ring: SeasonalRing | null): Detected {
  const state = createAdaptive();
  const alarms: number[] = [];
  const scores = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const known = Number.isNaN(expected[i]!) ? null : expected[i]!;
    const step = stepAdaptive(state, ts[i]!, values[i]!, known, ring);
    scores[i] = step.score ?? 0;
    if (step.raised) alarms.push(i);
  }
  return { alarms, scores };
}

/** What lies so many standard deviations of the values before it from their mean, with the hold-off of the detector. */
function beyond(values: Float64Array, limit: number): Detected {
  const scores = new Float64Array(values.length);
  const alarms: number[] = [];
  let [sum, squares, last] = [0, 0, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const n = Math.min(i, PAST);
    const mean = sum / Math.max(1, n);
    const deviation = Math.sqrt(Math.max(0, squares / Math.max(1, n) - mean * mean)) + 1e-9 * Math.abs(mean);
    scores[i] = n < 110 || deviation === 0 ? 0 : Math.abs(values[i]! - mean) / deviation;
    if (scores[i]! >= limit && i - last > HOLD_OFF) {
      alarms.push(i);
      last = i;
    }
    sum += values[i]! - (i >= PAST ? values[i - PAST]! : 0);
    squares += values[i]! ** 2 - (i >= PAST ? values[i - PAST]! ** 2 : 0);
  }
  return { alarms, scores };
}
