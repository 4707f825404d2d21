import type { Request } from 'express';
import type { z } from 'zod';
import { InvalidInput } from '../errors.ts';
import { queryParameter } from './query-parameter.ts';

/**
 * The request's query by a schema of string parameters; others are ignored.
 * @throws InvalidInput that names the first parameter at fault
 */
export function readQuery<S extends z.ZodObject>(request: Request, schema: S): z.output<S> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const parameter = queryParameter(request, name);
    if (parameter.kind === 'value') given[name] = parameter.text;
    else if (parameter.kind === 'repeated') throw new InvalidInput(name, `${name} must be given once`);
    else if (parameter.kind === 'malformed') {
      throw new InvalidInput(name, `${name} has broken percent-encoding`);
    }
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = String(issue.path[0]);
  throw new InvalidInput(field, `${field} ${issue.message}`);
}
