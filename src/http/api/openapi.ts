import type { HttpOptions } from '../http-options.ts';
import { type Route, route, SENT } from '../route.ts';
import { openapiDocument } from './openapi-document.ts';

type Options = Pick<HttpOptions, 'version' | 'token' | 'users' | 'legacyOpen'>;

/**
 * `/openapi.json`. The document is open also where a token is set: it says nothing that the source code does not say.
 * @param routes every route of the server, asked for at each request
 */
export const openapiRoutes = (options: Options, routes: () => readonly Route[]) => [
  route({
    method: 'GET',
    path: '/openapi.json',
    tag: 'operation',
    summary: 'This document',
    access: 'open',
    otherTypes: ['application/json'],
    handler({ response }) {
      const { version, token, users, legacyOpen } = options;
      const guarded = token !== undefined || users !== undefined;
      const document = openapiDocument(routes(), { version, guarded, legacyOpen });
      response.set('Cache-Control', 'no-cache').json(document);
      return SENT;
    },
  }),
];
