/** Models under /api/models: see them, bring one along, and change which is in force, on all replicas, without a restart. */
import express, { type Request, Router } from 'express';
import type { z } from 'zod';
import { DEFAULT_SCOPE, type ModelScope, type ModelTable } from '../domain/model-table.ts';
import type { StoredModel } from '../model-registry/model-admin.ts';
import { readQuery } from './api-query.ts';
import { RequestRefused } from './error-answer.ts';
import type { HttpOptions } from './http-options.ts';
import {
  type modelAnswer,
  type modelsAnswer,
  type modelTableAnswer,
  scopeQuery,
  type seriesModelsAnswer,
  type storedModelAnswer,
} from './model-schema.ts';

type ModelOptions = Pick<HttpOptions, 'models' | 'maxModelSize' | 'logger'>;

export function modelRoutes({ models, maxModelSize, logger }: ModelOptions): Router {
  const router = Router();

  router.get('/', async (_request, response) => {
    response.json((await models.overview()) satisfies z.infer<typeof modelsAnswer>);
  });

  router.post('/', express.raw({ type: () => true, limit: maxModelSize }), async (request, response) => {
    const body = Buffer.isBuffer(request.body) ? request.body : new Uint8Array();
    response.json((await models.upload(body)) satisfies z.infer<typeof storedModelAnswer>);
  });

  router.post('/rollback', async (request, response) => {
    const scope = readScope(request);
    response.json(changed('rolled back', scope, null, await models.rollBack(scope)));
  });

  router.post('/end-shadow', async (request, response) => {
    const scope = readScope(request);
    response.json(changed('shadow ended', scope, null, await models.shadow(scope, null)));
  });

  router.get('/:id', async (request, response) => {
    const model = await find(request.params.id);
    response.json((await models.report(model)) satisfies z.infer<typeof modelAnswer>);
  });

  router.post('/:id/promote', async (request, response) => {
    const scope = readScope(request);
    const { id } = await find(request.params.id);
    response.json(changed('promoted', scope, id, await models.promote(scope, id)));
  });

  router.post('/:id/shadow', async (request, response) => {
    const scope = readScope(request);
    const { id } = await find(request.params.id);
    response.json(changed('shadow', scope, id, await models.shadow(scope, id)));
  });

  async function find(id: string): Promise<StoredModel> {
    const model = await models.stored(id);
    if (!model)
      throw new RequestRefused(404, 'not_found', `there is no model '${id}' in the store`, { field: 'id' });
    return model;
  }

  function changed(
    what: string,
    scope: ModelScope,
    model: string | null,
    { started: _, ...table }: ModelTable,
  ): z.infer<typeof modelTableAnswer> {
    logger.info({ ...scope, model, revision: table.revision }, `model ${what}`);
    return table;
  }

  return router;
}

/** `GET /api/series/:sensor/:metric/models`: which model judged from when on. */
export function seriesModelRoute({ models }: Pick<HttpOptions, 'models'>): Router {
  const router = Router();
  router.get('/series/:sensor/:metric/models', async (request, response) => {
    const { sensor, metric } = request.params;
    const found = await models.ofSeries({ sensor, metric });
    if (!found) throw new RequestRefused(404, 'not_found', 'there is no such series');
    response.json(found satisfies z.infer<typeof seriesModelsAnswer>);
  });
  return router;
}

function readScope(request: Request): ModelScope {
  const { sensor = DEFAULT_SCOPE.sensor, metric = DEFAULT_SCOPE.metric } = readQuery(request, scopeQuery);
  return { sensor, metric };
}
