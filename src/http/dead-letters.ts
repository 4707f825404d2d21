/** Dead letters under /api/dead-letters: see them, and send them through the pipeline again. */
import { Router } from 'express';
import type { z } from 'zod';
import type { DeadLetter } from '../domain/dead-letter.ts';
import { readQuery } from './api-query.ts';
import {
  type deadLetterAnswer,
  type deadLetterIdsAnswer,
  deadLetterIdsQuery,
  type deadLetterSummary,
  deadLettersQuery,
  type replayAnswer,
} from './api-schema.ts';
import { RequestRefused } from './error-answer.ts';
import type { HttpOptions } from './http-options.ts';

const DEFAULT_LIMIT = 100;

export function deadLetterRoutes({ store, replay }: Pick<HttpOptions, 'store' | 'replay'>): Router {
  const router = Router();

  router.get('/', async (request, response) => {
    const { limit = DEFAULT_LIMIT } = readQuery(request, deadLettersQuery);
    const answer: z.infer<typeof deadLetterSummary>[] = await store.deadLetters.list(limit);
    response.json(answer);
  });

  router.get('/ids', async (request, response) => {
    const { after = null, limit = DEFAULT_LIMIT } = readQuery(request, deadLetterIdsQuery);
    const places = await store.deadLetters.after(after, limit);
    const last = places.length < limit ? undefined : places.at(-1);
    const answer: z.infer<typeof deadLetterIdsAnswer> = {
      ids: places.map(({ id }) => id),
      next: last ? `${last.lastTs}-${last.id}` : null,
    };
    response.json(answer);
  });

  router.get('/:id', async (request, response) => {
    const { bytes, ...letter } = await find(request.params.id);
    const payload = Buffer.from(bytes).toString('base64');
    const answer: z.infer<typeof deadLetterAnswer> = { ...letter, size: bytes.length, payload };
    response.json(answer);
  });

  router.post('/:id/replay', async (request, response) => {
    const letter = await find(request.params.id);
    const refused = await replay(letter);
    if (refused === null) await store.deadLetters.remove(letter.id);
    const answer: z.infer<typeof replayAnswer> = {
      id: letter.id,
      stored: refused === null,
      detail: refused,
    };
    response.json(answer);
  });

  async function find(id: string): Promise<DeadLetter> {
    const letter = await store.deadLetters.get(id);
    if (!letter) throw new RequestRefused(404, 'not_found', 'there is no dead letter of this id');
    return letter;
  }

  return router;
}
