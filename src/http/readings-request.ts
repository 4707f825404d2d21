/**
 * `POST /api/readings`: a body to readings, and their outcomes to the answer. One bad reading does not take the others
 * with it; only a body that is no list of readings at all is refused as a whole.
 */
import type { z } from 'zod';
import type { Outcome } from '../domain/outcome.ts';
import type { IncomingReading } from '../domain/reading.ts';
import { InvalidInput } from '../errors.ts';
import type { readingSchema, readingsAnswer } from './api-schema.ts';
import { RequestRefused } from './error-answer.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

type ReadingsAnswer = z.infer<typeof readingsAnswer>;

/** @throws InvalidInput */
export function parseJson(body: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw new InvalidInput('body', 'the body is not UTF-8 text');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInput('body', text.trim() === '' ? 'the body is empty' : 'the body is not JSON');
  }
}

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

/** Tells what can be submitted from what cannot. */
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

/** The answer; `busy` tells that some readings have to be sent again, they are listed as rejected with that reason. */
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
