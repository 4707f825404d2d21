/** The OpenAPI 3.1 document, made from the routes and from the schemas that check the requests. */
import { z } from 'zod';
import { errorSchema } from '../middleware/error-answer.ts';
import { ERRORS, type Route } from '../route.ts';
import { alertAnswer } from './alert-answer.ts';
import { deadLetterAnswer, deadLetterSummary } from './dead-letters.ts';
import { modelTableAnswer, storedModelAnswer } from './model-schema.ts';
import { pointAnswer } from './points.ts';
import { seriesAnswer } from './series.ts';

export type Json = { readonly [key: string]: unknown };

export interface DocumentOptions {
  /** Of this program. */
  readonly version: string;
  /** Whether callers must say who they are: HTTP_TOKEN or HTTP_USERS is set. */
  readonly guarded: boolean;
  /** Whether the legacy routes ask for no token. */
  readonly legacyOpen: boolean;
}

/** Names of the schemas that stand under `components`. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  Alert: alertAnswer,
  DeadLetter: deadLetterAnswer,
  DeadLetterSummary: deadLetterSummary,
  Error: errorSchema,
  Model: storedModelAnswer,
  ModelTable: modelTableAnswer,
  Point: pointAnswer,
  Series: seriesAnswer,
};

const DESCRIPTION =
  'Telemetry: readings in, verdicts and alerts out. Times are ms since 1970, UTC. Every answer carries X-Request-Id. ' +
  'A client that asks too often (HTTP_RATE_LIMIT) gets 429 with Retry-After on any route but those of operation. ' +
  'Where tokens or users are set, a route needs the role that `x-role` names; operator includes viewer, and admin both.';

export function openapiDocument(routes: readonly Route[], options: DocumentOptions): Json {
  const { guarded, legacyOpen, version } = options;
  const isGuarded = ({ access, legacy }: Route) => guarded && access !== 'open' && !(legacy && legacyOpen);
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = described(route, isGuarded(route));
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vigía',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(NAMED).map(([name, schema]) => [name, plain(schema)])),
      ...(guarded && {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'HTTP_TOKEN, or a token of HTTP_USERS' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'vigia_session',
            description: 'set by POST /api/session; the name ends with the port, as in vigia_session_4000',
          },
          tokenInQuery: { type: 'apiKey', in: 'query', name: 'token' },
        },
      }),
    },
  };
}

function described(route: Route, guarded: boolean): Json {
  const { method, path, tag, summary, access, legacy, query, body } = route;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    tags: [tag],
    summary,
    ...(access !== 'open' && { 'x-role': access }),
    ...(guarded && {
      security: [{ token: [access] }, { session: [access] }, ...(legacy ? [{ tokenInQuery: [access] }] : [])],
    }),
    parameters: [...inPath, ...(query ? inQuery(query) : [])],
    ...(body && { requestBody: { required: true, content: jsonContent(body.schema, 'input') } }),
    responses: responses(route, guarded),
  };
}

function responses(
  { answer, otherTypes = [], legacy, errors = [], otherStatuses = {}, access }: Route,
  guarded: boolean,
): Json {
  const others = Object.fromEntries(otherTypes.map((type) => [type, {}]));
  const error = { ...jsonContent(errorSchema), ...(legacy && { 'text/html': {} }) };
  return {
    200: { description: 'done', content: { ...others, ...(answer && jsonContent(answer)) } },
    ...Object.fromEntries(errors.map((status) => [status, { description: ERRORS[status], content: error }])),
    ...(guarded && {
      401: { description: 'the token is missing or wrong', content: error },
      403: { description: `the caller has not the role ${access}`, content: error },
    }),
    ...Object.fromEntries(
      Object.entries(otherStatuses).map(([status, { text, schema }]) => [
        status,
        { description: text, content: jsonContent(schema) },
      ]),
    ),
  };
}

function inQuery(query: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = plain(query, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
}

function jsonContent(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  return { 'application/json': { schema: referred(schema, io) } };
}

/** By name where the schema, or the schema of an array's elements, has a name. */
function referred(schema: z.ZodType, io: 'input' | 'output'): Json {
  const name = Object.keys(NAMED).find((each) => NAMED[each] === schema);
  if (name) return { $ref: `#/components/schemas/${name}` };
  if (schema instanceof z.ZodArray)
    return { type: 'array', items: referred(schema.element as z.ZodType, io) };
  return plain(schema, io);
}

function plain(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
