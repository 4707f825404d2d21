/** Sign-in of a person in a browser, with a password or a token. */
import { z } from 'zod';
import { ROLES } from '../../domain/role.ts';
import { InvalidInput } from '../../errors.ts';
import type { Access, Credentials } from '../middleware/access.ts';
import { jsonBody, route } from '../route.ts';
import { must } from './fields.ts';

const MAX_BODY_BYTES = 4096;

const signInRequest = z.object(
  {
    user: z.string({ error: must('a text') }).optional(),
    password: z.string({ error: must('a text') }).optional(),
    token: z.string({ error: must('a text') }).optional(),
  },
  { error: 'must be an object with user and password, or with token' },
);

const callerAnswer = z.object({
  name: z.string().meta({ description: 'of the user or token' }),
  role: z.enum(ROLES),
  by: z.enum(['token', 'session', 'none']).meta({
    description: 'how the caller has shown who it is; `none`: nobody needs to',
  }),
});

export const sessionRoutes = (access: Access) => [showSession(), signIn(access), signOut(access)];

const showSession = () =>
  route({
    method: 'GET',
    path: '/api/session',
    tag: 'operation',
    summary: 'Who the caller is, and which role the caller has',
    access: 'viewer',
    answer: callerAnswer,
    handler: ({ caller }) => caller,
  });

const signIn = (access: Access) =>
  route({
    method: 'POST',
    path: '/api/session',
    tag: 'operation',
    summary: 'Sign in with user and password, or with a token; the answer sets the cookie of the session',
    access: 'open',
    body: jsonBody(signInRequest, MAX_BODY_BYTES),
    answer: callerAnswer.extend({
      expires: z.int().nullable().meta({ description: 'when the session ends, ms UTC' }),
    }),
    errors: [400, 401, 413, 429, 503],
    async handler({ body, request, response, note }) {
      const credentials = credentialsOf(body);
      note('token' in credentials ? 'with a token' : 'with a password');
      const { caller, expires } = await access.signIn(request, response, credentials);
      return { ...caller, expires };
    },
  });

const signOut = (access: Access) =>
  route({
    method: 'DELETE',
    path: '/api/session',
    tag: 'operation',
    summary: 'Sign out: the answer takes the cookie of the session away',
    access: 'open',
    answer: z.object({ signedOut: z.literal(true) }),
    handler({ request, response }) {
      access.signOut(request, response);
      return { signedOut: true as const };
    },
  });

/** @throws InvalidInput */
function credentialsOf({ user, password, token }: z.output<typeof signInRequest>): Credentials {
  if (token !== undefined) {
    if (user !== undefined) throw new InvalidInput('token', 'give a token, or user and password');
    return { token };
  }
  if (user === undefined) throw new InvalidInput('user', 'user is missing');
  if (password === undefined) throw new InvalidInput('password', 'password is missing');
  return { user, password };
}
