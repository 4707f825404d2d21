/**
 * `POST /api/readings`: turns a body into readings, and the outcomes of the readings into the answer. One bad reading does
 * not spoil the others. A body is refused as a whole only when it is no list of readings at all.
 */
import { z } from 'zod';
import type { Outcome } from '../../domain/outcome.ts';
import type { IncomingReading } from '../../domain/reading.ts';
import { InvalidInput } from '../../errors.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { parseJson } from '../parse-json.ts';
import { must, name, time } from './fields.ts';

/** One element of the body. @param maxNameBytes longest sensor or metric name, UTF-8 bytes */
export const readingSchema = (maxNameBytes: number) =>
  z.object(
    {
      sensor: name(maxNameBytes),
      metric: name(maxNameBytes),
      // Adding 0 turns -0 into 0: the two are equal, but not every store keeps them equal.
      value: z.number({ error: must('a finite number') }).transform((value) => value + 0),
      ts: time.optional(),
    },
    { error: 'must be an object with sensor, metric, value and optionally ts' },
  );

export const readingsAnswer = z.object({
  committed: z.int(),
  duplicate: z.int(),
  rejected: z.array(
    z.object({
      index: z.int().meta({ description: 'position in the request' }),
      field: z.string(),
      reason: z.string().meta({ description: 'a stable word, such as bad-value or older-than-retention' }),
      detail: z.string().meta({ description: 'a sentence for a person' }),
    }),
  ),
});

type ReadingsAnswer = z.output<typeof readingsAnswer>;

/** The elements of a JSON array; one object counts as an array of one. @throws InvalidInput, RequestRefused (413) */
export function parseBody(body: Uint8Array, maxReadings: number): readonly unknown[] {
  const json = parseJson(body);
  if (typeof json !== 'object' || json === null) {
    throw new InvalidInput('body', 'the body must be an array of readings, or one reading');
  }
  if (!Array.isArray(json)) return [json];
  if (json.length > maxReadings) {
    throw new RequestRefused(
      413,
      'too_large',
      `${json.length} readings in one request, at most ${maxReadings}`,
    );
  }
  return json;
}

export interface CheckedReadings {
  readonly readings: readonly IncomingReading[];
  /** The position in the request of each of `readings`. */
  readonly positions: readonly number[];
  readonly rejected: ReadingsAnswer['rejected'];
}

/** Separates the elements that can be submitted from those that cannot. */
export function checkReadings(
  elements: readonly unknown[],
  schema: ReturnType<typeof readingSchema>,
): CheckedReadings {
  const readings: IncomingReading[] = [];
  const positions: number[] = [];
  const rejected: ReadingsAnswer['rejected'] = [];
  for (const [index, element] of elements.entries()) {
    const result = schema.safeParse(element);
    if (result.success) {
      const { ts, ...rest } = result.data;
      readings.push(ts === undefined ? rest : { ...rest, ts });
      positions.push(index);
    } else {
      const issue = result.error.issues[0]!;
      const field = issue.path.length === 0 ? 'reading' : String(issue.path[0]);
      rejected.push({ index, field, reason: `bad-${field}`, detail: `${field} ${issue.message}` });
    }
  }
  return { readings, positions, rejected };
}

/** The answer. `busy`: some readings must be sent again; they are listed as rejected with the reason `busy`. */
export function summarize(
  checked: CheckedReadings,
  outcomes: readonly Outcome[],
): ReadingsAnswer & { readonly busy: boolean } {
  const rejected = [...checked.rejected];
  let committed = 0;
  let duplicate = 0;
  let busy = false;
  for (const [i, outcome] of outcomes.entries()) {
    const index = checked.positions[i]!;
    if (outcome.status === 'committed') committed += 1;
    else if (outcome.status === 'duplicate') duplicate += 1;
    else if (outcome.status === 'busy') {
      busy = true;
      rejected.push({ index, field: 'ts', reason: 'busy', detail: outcome.detail });
    } else {
      rejected.push({ index, field: outcome.field, reason: outcome.reason, detail: outcome.detail });
    }
  }
  rejected.sort((a, b) => a.index - b.index);
  return { committed, duplicate, rejected, busy };
}
