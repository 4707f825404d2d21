import type { Request } from 'express';
import type { z } from 'zod';
import { InvalidInput } from '../errors.ts';
import { parseJson } from './readings-request.ts';

/**
 * The JSON body that `express.raw` has left, by a schema of an object.
 * @throws InvalidInput that names the first field at fault
 */
export function readBody<S extends z.ZodObject>(request: Request, schema: S): z.output<S> {
  const body = Buffer.isBuffer(request.body) ? request.body : new Uint8Array();
  const result = schema.safeParse(parseJson(body));
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const field = path.length === 0 ? 'body' : String(path[0]);
  throw new InvalidInput(field, `${field} ${message}`);
}
