/**
 * A route of the HTTP server is one object: its method, path, schemas, access and handler. The router (mount-route.ts), the
 * OpenAPI document (api/openapi-document.ts), the access check (middleware/access.ts) and the types of the panel (routes.ts)
 * are all made from this object.
 *
 * To add a route: write a function in the file of its subject that gives `route({...})`, and put the function into the list
 * of that file. test/unit/http-openapi.test.ts then asks for one real request (`REQUESTS`) and checks that the answer has the
 * fields of the answer schema and no others.
 */
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Role } from '../domain/role.ts';
import { InvalidInput } from '../errors.ts';
import type { Caller } from './middleware/caller.ts';
import { parseJson } from './parse-json.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type Tag = 'readings' | 'series' | 'alerts' | 'dead letters' | 'models' | 'operation' | 'legacy';

/** Error statuses that every route answers in the same way, with `{error:{code,message,field?}}`. */
export const ERRORS = {
  400: 'a parameter or the body is wrong; `field` names it',
  401: 'the password or the token is wrong',
  404: 'there is no such thing',
  413: 'the body, or the list in it, is too large',
  429: 'too many at a time; Retry-After says when to try again',
  503: 'the store cannot be reached; nothing is known to be stored',
} as const;

/** A handler gives `SENT` when the handler has written the answer itself, for example a page or a stream. */
export const SENT = { writtenBy: 'handler' } as const;

/** How the body of a request is read. */
export interface RequestBody<Body> {
  /** Describes the body in the OpenAPI document. */
  readonly schema: z.ZodType;
  /** Largest body, bytes (after decompression). A larger body is refused with 413. */
  readonly maxBytes: number;
  /** @throws InvalidInput that names the field at fault */
  read(bytes: Uint8Array): Body;
}

type ParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;

/** The parts of a path in braces, by name; decoded. */
export type PathParameters<Path extends string> = Readonly<Record<ParameterNames<Path>, string>>;

/** One request to a route, as its handler gets the request. */
export interface Call<Path extends string, Query extends z.ZodObject, Body> {
  readonly params: PathParameters<Path>;
  readonly query: z.output<Query>;
  readonly body: Body;
  readonly caller: Caller;
  /** Adds a detail to the entry of the audit log. */
  note(detail: string): void;
  /** The value of the header X-Request-Id of the answer; the log names it too. */
  readonly requestId: string;
  readonly request: Request;
  readonly response: Response;
}

export interface Route<
  M extends Method = Method,
  Path extends string = string,
  Query extends z.ZodObject = z.ZodObject,
  Body = unknown,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly method: M;
  /** As OpenAPI writes paths: `/api/series/{sensor}/{metric}`. Each part in braces is a text. */
  readonly path: Path;
  readonly tag: Tag;
  /** One sentence for the OpenAPI document. */
  readonly summary: string;
  /** The role that a caller needs. `open`: everybody may call the route, also where HTTP_TOKEN is set. */
  readonly access: 'open' | Role;
  /** A route of the replaced system: HTTP_LEGACY_ACCESS decides whether the role is needed. */
  readonly legacy?: true;
  /** A GET that writes, as it did in the replaced system. HEAD, which must not write, is refused there. */
  readonly writes?: true;
  /** Stores readings, which are data and no acts: the audit log has them only when a person has entered them. */
  readonly storesReadings?: true;
  /** Reads a lot: HTTP_CLIENT_READS bounds how many such requests one address makes at the same time. */
  readonly readsMuch?: true;
  /** The query parameters are the input of this schema; other parameters are ignored. */
  readonly query?: Query;
  readonly body?: RequestBody<Body>;
  /** The JSON answer with status 200. */
  readonly answer?: Answer;
  /** Media types of answers with status 200 that JSON Schema cannot describe. */
  readonly otherTypes?: readonly string[];
  readonly errors?: readonly (keyof typeof ERRORS)[];
  /** Statuses with a body or a meaning of their own. */
  readonly otherStatuses?: Readonly<Record<number, { readonly text: string; readonly schema: z.ZodType }>>;
  /** @returns the JSON answer, or `SENT` */
  handler(call: Call<Path, Query, Body>): HandlerAnswer<Answer> | Promise<HandlerAnswer<Answer>>;
}

type HandlerAnswer<Answer extends z.ZodType> = z.output<Answer> | typeof SENT;

/** Gives the object back; the types of `query`, `body` and `answer` become those of the handler. */
export function route<
  const M extends Method,
  const Path extends string,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body = undefined,
  Answer extends z.ZodType = z.ZodNever,
>(definition: Route<M, Path, Query, Body, Answer>): Route<M, Path, Query, Body, Answer> {
  return definition;
}

/** A JSON object as body, checked by its schema. The media type that the client names does not matter. */
export function jsonBody<S extends z.ZodObject>(schema: S, maxBytes: number): RequestBody<z.output<S>> {
  return {
    schema,
    maxBytes,
    read(bytes) {
      const result = schema.safeParse(parseJson(bytes));
      if (result.success) return result.data;
      const { path, message } = result.error.issues[0]!;
      const field = path.length === 0 ? 'body' : String(path[0]);
      throw new InvalidInput(field, `${field} ${message}`);
    },
  };
}

/** @param schema describes the body in the OpenAPI document; the handler checks the bytes itself */
export function bytesBody(schema: z.ZodType, maxBytes: number): RequestBody<Uint8Array> {
  return { schema, maxBytes, read: (bytes) => bytes };
}
