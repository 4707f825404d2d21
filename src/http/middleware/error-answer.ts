/**
 * Turns an error into an answer. This file decides status, code and wording, and logs the error once. Each group of routes
 * brings its own way to show the error (JSON, a Spanish page, plain text). The text of an unexpected error never leaves the
 * process: it goes to the log with the id of the request.
 */
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { InvalidInput, StoreUnavailable, VigiaError } from '../../errors.ts';
import type { Refusals } from './refusals.ts';

/** The body of every JSON error. */
export const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), field: z.string().optional() }),
});

export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly field?: string;
  /** Seconds until it is worth trying again. */
  readonly retryAfter?: number;
}

/** A request that is refused with a status of its own: 401, 404, 405, 413, 429 … */
export class RequestRefused extends VigiaError {
  readonly status: number;
  readonly retryAfter?: number;

  constructor(
    status: number,
    code: string,
    message: string,
    options: { field?: string; retryAfter?: number } = {},
  ) {
    super(code, message, options);
    this.status = status;
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }
}

/** Status, code and message for any thrown value. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof RequestRefused) {
    return { ...shown(error), status: error.status, ...optional('retryAfter', error.retryAfter) };
  }
  if (error instanceof InvalidInput) return { ...shown(error), status: 400 };
  if (error instanceof StoreUnavailable) {
    // Its message may tell addresses; it goes to the log only.
    return {
      status: 503,
      code: error.code,
      message: 'the store is not available; try again later',
      retryAfter: 5,
    };
  }
  return fromLibrary(error) ?? { status: 500, code: 'internal', message: 'internal error' };
}

/** @returns the JSON body of an error */
export function errorBody({ code, message, field }: ErrorAnswer): z.output<typeof errorSchema> {
  return { error: { code, message, ...optional('field', field) } };
}

/**
 * An error handler that logs under the request's id and answers with `render`.
 * @param render writes the body; status and headers are set already
 */
export function errorHandler(
  logger: Logger,
  refusals: Pick<Refusals, 'request'>,
  render: (answer: ErrorAnswer, request: Request, response: Response) => void,
): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const answer = errorAnswer(error);
    refusals.request(answer.code);
    const level = answer.status === 500 ? 'error' : answer.status > 500 ? 'warn' : 'debug';
    const requestId = response.get('X-Request-Id');
    const { method, path } = request;
    logger[level]({ requestId, method, path, status: answer.status, err: error }, 'request failed');
    if (response.headersSent) {
      next(error);
      return;
    }
    if (answer.retryAfter !== undefined) response.set('Retry-After', String(answer.retryAfter));
    if (answer.status === 401) response.set('WWW-Authenticate', 'Bearer');
    response.set('Cache-Control', 'no-store').status(answer.status);
    render(answer, request, response);
  };
}

/** Errors of Express and its body parser carry a 4xx `status` and a message made to be shown. */
function fromLibrary(error: unknown): ErrorAnswer | null {
  if (!(error instanceof Error) || !('status' in error)) return null;
  const { status, message } = error;
  if (typeof status !== 'number' || status < 400 || status > 499) return null;
  return { status, code: status === 413 ? 'too_large' : 'bad_request', message };
}

function shown(error: VigiaError) {
  return { code: error.code, message: error.message, ...optional('field', error.field) };
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
