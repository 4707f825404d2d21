/** Dead letters: listed, shown with their bytes, sent through the pipeline again, and deleted. */
import { z } from 'zod';
import type { DeadLetter } from '../../domain/dead-letter.ts';
import type { HttpOptions } from '../http-options.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { route } from '../route.ts';
import { listLimit } from './fields.ts';

const DEFAULT_LIMIT = 100;

export const deadLetterSummary = z.object({
  id: z.string(),
  topic: z.string(),
  size: z.int().meta({ description: 'bytes of the message' }),
  reason: z.string(),
  detail: z.string(),
  firstTs: z.int(),
  lastTs: z.int(),
  count: z.int(),
});

export const deadLetterAnswer = deadLetterSummary.extend({
  payload: z.base64().meta({ description: 'the message as it came' }),
});

const idsQuery = z.object({
  limit: listLimit,
  after: z
    .string()
    .transform((text, context) => {
      const [, lastTs, id] = /^(\d{1,16})-(.+)$/.exec(text) ?? [];
      if (id !== undefined) return { lastTs: Number(lastTs), id };
      context.addIssue({ code: 'custom', message: 'must be `next` of an earlier answer' });
      return z.NEVER;
    })
    .optional()
    .meta({ description: '`next` of the answer before' }),
});

type Options = Pick<HttpOptions, 'store' | 'replay'>;

export const deadLetterRoutes = (options: Options) => [
  listDeadLetters(options),
  listDeadLetterIds(options),
  showDeadLetter(options),
  replayDeadLetter(options),
  removeDeadLetter(options),
];

const listDeadLetters = ({ store }: Options) =>
  route({
    method: 'GET',
    path: '/api/dead-letters',
    tag: 'dead letters',
    summary: 'Messages that could not be stored, newest first, without their bytes',
    access: 'admin',
    query: z.object({ limit: listLimit }),
    answer: z.array(deadLetterSummary),
    errors: [400, 503],
    handler: ({ query: { limit = DEFAULT_LIMIT } }) => store.deadLetters.list(limit),
  });

const listDeadLetterIds = ({ store }: Options) =>
  route({
    method: 'GET',
    path: '/api/dead-letters/ids',
    tag: 'dead letters',
    summary: 'The ids of all of them, oldest first, page by page',
    access: 'admin',
    query: idsQuery,
    answer: z.object({
      ids: z.array(z.string()),
      next: z.string().nullable().meta({ description: 'where the next page begins; null at the end' }),
    }),
    errors: [400, 503],
    async handler({ query: { after = null, limit = DEFAULT_LIMIT } }) {
      const places = await store.deadLetters.after(after, limit);
      const last = places.length < limit ? undefined : places.at(-1);
      return {
        ids: places.map(({ id }) => id),
        next: last ? `${last.lastTs}-${last.id}` : null,
      };
    },
  });

const showDeadLetter = ({ store }: Options) =>
  route({
    method: 'GET',
    path: '/api/dead-letters/{id}',
    tag: 'dead letters',
    summary: 'One of them, with its bytes',
    access: 'admin',
    answer: deadLetterAnswer,
    errors: [404, 503],
    async handler({ params: { id } }) {
      const { bytes, ...letter } = await find(store, id);
      return { ...letter, size: bytes.length, payload: Buffer.from(bytes).toString('base64') };
    },
  });

const replayDeadLetter = ({ store, replay }: Options) =>
  route({
    method: 'POST',
    path: '/api/dead-letters/{id}/replay',
    tag: 'dead letters',
    summary: 'Send one through the pipeline again',
    access: 'admin',
    answer: z.object({
      id: z.string(),
      stored: z.boolean(),
      detail: z.string().nullable().meta({ description: 'why it is still refused' }),
    }),
    errors: [404, 503],
    async handler({ params }) {
      const letter = await find(store, params.id);
      const refused = await replay(letter);
      if (refused === null) await store.deadLetters.remove(letter.id);
      return { id: letter.id, stored: refused === null, detail: refused };
    },
  });

const removeDeadLetter = ({ store }: Options) =>
  route({
    method: 'DELETE',
    path: '/api/dead-letters/{id}',
    tag: 'dead letters',
    summary: 'Delete one for good',
    access: 'admin',
    answer: z.object({ deleted: z.string() }),
    errors: [404, 503],
    async handler({ params }) {
      const { id } = await find(store, params.id);
      await store.deadLetters.remove(id);
      return { deleted: id };
    },
  });

/** @throws RequestRefused (404) */
async function find(store: Options['store'], id: string): Promise<DeadLetter> {
  const letter = await store.deadLetters.get(id);
  if (!letter) throw new RequestRefused(404, 'not_found', 'there is no dead letter of this id');
  return letter;
}
