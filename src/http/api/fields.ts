/** Parts of schemas that several routes share: times, names and limits, with messages that say what they must be. */
import { z } from 'zod';
import { nameProblem } from '../../domain/name.ts';
import { readTime } from '../../domain/time.ts';

/** @returns the message of a value that is missing or of the wrong kind */
export const must = (rule: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? 'is missing' : `must be ${rule}`;

const TIME_RULE = 'ms since 1970 or ISO 8601, such as 2025-11-28T22:09:15Z';

/** A number of ms since 1970 (a fraction is rounded) or ISO 8601 text (without a zone: UTC). Its output is ms since 1970. */
export const time = z
  .union([z.number(), z.string()], { error: must(TIME_RULE) })
  .transform((given, context) => {
    const ms = readTime(given);
    if (ms !== null) return ms;
    context.addIssue({ code: 'custom', message: `must be ${TIME_RULE}` });
    return z.NEVER;
  })
  .meta({ description: 'ms since 1970, or ISO 8601; a time without a zone is UTC' });

/** A time in a query string, where a number is text. */
export const timeParameter = z
  .string()
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : text))
  .pipe(time);

/** The name of a sensor or a metric. @param maxBytes of UTF-8 */
export const name = (maxBytes: number) =>
  z
    .string({ error: must('a text') })
    .superRefine((text, context) => {
      const why = nameProblem(text, maxBytes);
      if (why !== null) context.addIssue({ code: 'custom', message: why });
    })
    .meta({
      minLength: 1,
      description: `at most ${maxBytes} bytes of UTF-8, no control characters, not blank, not . or ..`,
    });

/** A whole number from 1 to `max` in a query string. */
export const countParameter = (max: number) =>
  z
    .string()
    .transform((text) => (/^\d{1,9}$/.test(text) ? Number(text) : 0))
    .refine((count) => count >= 1 && count <= max, `must be a whole number from 1 to ${max}`);

/** How many elements a list has at most. */
export const listLimit = countParameter(10_000).optional();

/** Query that keeps only one sensor, only one metric, or both. */
export const seriesFilter = z.object({ sensor: z.string().optional(), metric: z.string().optional() });
