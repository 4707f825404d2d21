/**
 * How alarms and scores are judged against labelled events. The same rules for the detector and for what it is compared with:
 * an event is found by an alarm from its first row to `TOLERANCE` rows after its last, an alarm elsewhere is false, and the
 * first `SKIP` rows after the unlabelled history count for nothing.
 */

export interface Recording {
  /** `<set>/<file>`. */
  readonly name: string;
  /** ms UTC, strictly ascending. */
  readonly ts: Float64Array;
  readonly values: Float64Array;
  /** Rows before it are history without labels. */
  readonly from: number;
  /** First and last row of each. */
  readonly events: readonly (readonly [number, number])[];
}

export const SKIP = 110;
export const TOLERANCE = 10;
const DAY = 86_400_000;

export interface Judgement {
  readonly events: number;
  readonly found: number;
  readonly falseAlarms: number;
  /** Sensor-days that were judged. */
  readonly days: number;
  /** By the number of the event within its recording (the tenth stands for all later ones): events, found. */
  readonly nth: readonly (readonly [number, number])[];
  /** Of the recordings with events that can be ranked. */
  readonly vusPr: readonly number[];
}

/** @param alarms rows that raised an alarm, ascending. @param scores one per row, 0 where there is none */
export function judge(recording: Recording, alarms: readonly number[], scores?: Float64Array): Judgement {
  const { ts, from } = recording;
  const start = from + SKIP;
  const counted = alarms.filter((row) => row >= start);
  const events = recording.events.filter(([first]) => first >= start);
  const nth = Array.from({ length: 10 }, (): [number, number] => [0, 0]);
  const used = new Set<number>();
  events.forEach(([first, last], n) => {
    const hits = counted.filter((row) => row >= first && row <= last + TOLERANCE);
    for (const row of hits) used.add(row);
    nth[Math.min(n, 9)]![0]++;
    if (hits.length > 0) nth[Math.min(n, 9)]![1]++;
  });
  return {
    events: events.length,
    found: nth.reduce((sum, [, found]) => sum + found, 0),
    falseAlarms: counted.length - used.size,
    days: ts.length > start ? (ts.at(-1)! - ts[start]!) / DAY : 0,
    nth,
    vusPr: scores ? rank(recording, scores, start) : [],
  };
}

export function total(judgements: readonly Judgement[]): Judgement {
  const sum = (of: (judgement: Judgement) => number): number =>
    judgements.reduce((so, judgement) => so + of(judgement), 0);
  return {
    events: sum(({ events }) => events),
    found: sum(({ found }) => found),
    falseAlarms: sum(({ falseAlarms }) => falseAlarms),
    days: sum(({ days }) => days),
    nth: Array.from({ length: 10 }, (_, n) => [sum(({ nth }) => nth[n]![0]), sum(({ nth }) => nth[n]![1])]),
    vusPr: judgements.flatMap(({ vusPr }) => vusPr),
  };
}

export function eventF1({ events, found, falseAlarms }: Judgement): number {
  const recall = found / Math.max(events, 1);
  const precision = found / Math.max(found + falseAlarms, 1);
  return (2 * recall * precision) / Math.max(recall + precision, 1e-9);
}

export function meanVusPr({ vusPr }: Judgement): number {
  return vusPr.reduce((sum, one) => sum + one, 0) / vusPr.length;
}

function rank({ events }: Recording, scores: Float64Array, start: number): number[] {
  const labels = new Uint8Array(scores.length);
  for (const [first, last] of events) labels.fill(1, first, last + 1);
  const judged = labels.subarray(start);
  const positive = judged.reduce((sum, one) => sum + one, 0);
  return positive > 0 && positive < judged.length ? [vusPr(judged, scores.subarray(start))] : [];
}

/** Buffers of 0 to `BUFFER` rows around the events, and thresholds on the scores. */
const BUFFER = 100;
const BUFFER_STEP = 5;
const THRESHOLDS = 250;

/** The volume under the surface of precision and recall (Paparrizos et al. 2022, as TSB-AD computes it). */
export function vusPr(labels: Uint8Array, scores: Float64Array): number {
  const n = scores.length;
  const events = runs(labels);
  const positive = labels.reduce((sum, one) => sum + one, 0);
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const sorted = Float64Array.from(order, (row) => scores[row]!);
  const thresholds = Array.from(
    { length: THRESHOLDS },
    (_, i) => sorted[Math.floor((i * (n - 1)) / (THRESHOLDS - 1))]!,
  );
  const above = thresholds.map((threshold) => countAtLeast(sorted, threshold));
  const upTo = (weights: ArrayLike<number>): number[] => {
    const sums = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) sums[i + 1] = sums[i]! + weights[order[i]!]!;
    return above.map((count) => sums[count]!);
  };
  const hits = upTo(labels);
  let volume = 0;
  let buffers = 0;
  for (let width = 0; width <= BUFFER; width += BUFFER_STEP, buffers++) {
    const near = upTo(width > 1 ? halo(labels, events, width) : new Float64Array(n));
    const highest = merged(events, n, width).map(([a, b]) =>
      scores.subarray(a, b + 1).reduce((x, y) => Math.max(x, y)),
    );
    let before = 0;
    for (let i = 0; i < THRESHOLDS; i++) {
      const existing = highest.filter((score) => score >= thresholds[i]!).length / highest.length;
      const caught = hits[i]! + near[i]!;
      const recall = Math.min(1, caught / (positive + near[THRESHOLDS - 1]! / 2)) * existing;
      volume += ((recall - before) * caught) / above[i]!;
      before = recall;
    }
  }
  return volume / buffers;
}

function runs(labels: Uint8Array): [number, number][] {
  const found: [number, number][] = [];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    if (i > 0 && labels[i - 1] === 1) found.at(-1)![1] = i;
    else found.push([i, i]);
  }
  return found;
}

function countAtLeast(descending: Float64Array, threshold: number): number {
  let low = 0;
  let high = descending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (descending[middle]! >= threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Weights of the rows beside the events, falling with the distance. */
function halo(
  labels: Uint8Array,
  events: readonly (readonly [number, number])[],
  width: number,
): Float64Array {
  const weights = new Float64Array(labels.length);
  const half = Math.floor(width / 2);
  for (const [first, last] of events) {
    for (let i = last + 1; i < Math.min(last + half + 1, labels.length); i++)
      weights[i] = weights[i]! + Math.sqrt(1 - (i - last) / width);
    for (let i = Math.max(first - half, 0); i < first; i++)
      weights[i] = weights[i]! + Math.sqrt(1 - (first - i) / width);
  }
  return weights.map((weight, i) => (labels[i] === 1 ? 0 : Math.min(1, weight)));
}

function merged(
  events: readonly (readonly [number, number])[],
  n: number,
  width: number,
): [number, number][] {
  const half = Math.floor(width / 2);
  const found: [number, number][] = [];
  let start = Math.max(events[0]![0] - half, 0);
  for (let i = 0; i + 1 < events.length; i++) {
    if (events[i]![1] + half >= events[i + 1]![0] - half) continue;
    found.push([start, events[i]![1] + half]);
    start = events[i + 1]![0] - half;
  }
  found.push([start, Math.min(events.at(-1)![1] + half, n - 1)]);
  return found;
}
