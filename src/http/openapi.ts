/**
 * `/openapi.json`: OpenAPI 3.1 made from `operations` and the schemas that requests are validated with. Open also where a
 * token is set: it says nothing that the source does not.
 */
import { Router } from 'express';
import { z } from 'zod';
import { errorAnswerBody } from './api-schema.ts';
import type { HttpOptions } from './http-options.ts';
import { ERRORS, NAMED, type Operation, operations } from './operations.ts';

type Json = { readonly [key: string]: unknown };

type DocumentOptions = Pick<HttpOptions, 'maxNameBytes' | 'token' | 'legacyOpen' | 'version'>;

export function openapiRoutes(options: DocumentOptions): Router {
  const router = Router();
  router.get('/openapi.json', (_request, response) => {
    response.set('Cache-Control', 'no-cache').json(openapiDocument(options));
  });
  return router;
}

/** The document as an object. */
export function openapiDocument(options: DocumentOptions): Json {
  const { maxNameBytes, token, legacyOpen, version } = options;
  const isGuarded = ({ open, tag }: Operation) =>
    token !== undefined && (tag === 'legacy' ? !legacyOpen : open !== true);
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations(maxNameBytes)) {
    paths[operation.path] ??= {};
    paths[operation.path]![operation.method] = described(operation, isGuarded(operation));
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vigía',
      version,
      description:
        'Telemetry: readings in, verdicts and alerts out. Times are ms since 1970, UTC. Every answer carries X-Request-Id. ' +
        'A client that asks too often (HTTP_RATE_LIMIT) gets 429 with Retry-After on any route but those of operation.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(NAMED).map(([name, schema]) => [name, plain(schema)])),
      ...(token !== undefined && {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'HTTP_TOKEN' },
          tokenInQuery: { type: 'apiKey', in: 'query', name: 'token' },
        },
      }),
    },
  };
}

function described(operation: Operation, guarded: boolean): Json {
  const { method, path, tag, summary, query, body, answer, errors = [], others = {} } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    operationId: `${method}${path.replace(/[^A-Za-z]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    tags: [tag],
    summary,
    ...(guarded && { security: [{ token: [] }, ...(tag === 'legacy' ? [{ tokenInQuery: [] }] : [])] }),
    parameters: [...inPath, ...(query ? inQuery(query) : [])],
    ...(body && { requestBody: { required: true, content: content(body, 'input') } }),
    responses: {
      200: { description: 'done', content: content(answer) },
      ...Object.fromEntries(
        [...errors, ...(guarded ? [401 as const] : [])].map((status) => [
          status,
          {
            description: status === 401 ? 'the token is missing or wrong' : ERRORS[status],
            content: content({
              'application/json': errorAnswerBody,
              ...(tag === 'legacy' && { 'text/html': null }),
            }),
          },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(others).map(([status, { text, schema }]) => [
          status,
          { description: text, content: content({ 'application/json': schema }) },
        ]),
      ),
    },
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

function content(
  schemas: Readonly<Record<string, z.ZodType | null>>,
  io: 'input' | 'output' = 'output',
): Json {
  return Object.fromEntries(
    Object.entries(schemas).map(([type, schema]) => [type, schema ? { schema: referred(schema, io) } : {}]),
  );
}

/** By name where the schema, or that of an array's elements, has one. */
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
