import type { Request } from 'express';
import type { z } from 'zod';
import { InvalidInput } from '../errors.ts';
import { queryParameter } from './query-parameter.ts';

export interface QueryWording {
  repeated(name: string): string;
  malformed(name: string): string;
  /** @param rule the schema's message */
  invalid(name: string, rule: string): string;
}

const inEnglish: QueryWording = {
  repeated: (name) => `${name} must be given once`,
  malformed: (name) => `${name} has broken percent-encoding`,
  invalid: (name, rule) => `${name} ${rule}`,
};

/**
 * The request's query by a schema of string parameters; others are ignored.
 * @throws InvalidInput that names the first parameter at fault
 */
export function readQuery<S extends z.ZodObject>(
  request: Request,
  schema: S,
  wording = inEnglish,
): z.output<S> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const parameter = queryParameter(request, name);
    if (parameter.kind === 'value') given[name] = parameter.text;
    else if (parameter.kind !== 'absent') throw new InvalidInput(name, wording[parameter.kind](name));
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = String(issue.path[0]);
  throw new InvalidInput(field, wording.invalid(field, issue.message));
}
