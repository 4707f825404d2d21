/** Models: listed, shown, uploaded, and changed in what is in force, on all replicas, without a restart. */
import { z } from 'zod';
import { DEFAULT_SCOPE, type ModelScope, type ModelTable } from '../../domain/model-table.ts';
import type { StoredModel } from '../../model-registry/model-admin.ts';
import type { HttpOptions } from '../http-options.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { bytesBody, route } from '../route.ts';
import {
  modelAnswer,
  modelsAnswer,
  modelTableAnswer,
  scopeQuery,
  seriesModelsAnswer,
  storedModelAnswer,
} from './model-schema.ts';

type Options = Pick<HttpOptions, 'models' | 'maxModelSize' | 'logger'>;

export const modelRoutes = (options: Options) => [
  listModels(options),
  uploadModel(options),
  showModel(options),
  deleteModel(options),
  shadowModel(options),
  endShadow(options),
  promoteModel(options),
  rollBackModel(options),
  showSeriesModels(options),
];

const listModels = ({ models }: Options) =>
  route({
    method: 'GET',
    path: '/api/models',
    tag: 'models',
    summary: 'The models in the store, and which is in force where',
    access: 'viewer',
    answer: modelsAnswer,
    errors: [503],
    handler: () => models.overview(),
  });

const uploadModel = ({ models, maxModelSize }: Options) =>
  route({
    method: 'POST',
    path: '/api/models',
    tag: 'models',
    summary: 'Bring a model along (the bytes of a model.json): it is tried, and kept in the store',
    access: 'admin',
    body: bytesBody(z.looseObject({ format: z.int(), name: z.string(), checksum: z.string() }), maxModelSize),
    answer: storedModelAnswer,
    errors: [400, 413, 503],
    async handler({ body, note }) {
      const model = await models.upload(body);
      note(model.id);
      return model;
    },
  });

const showModel = ({ models }: Options) =>
  route({
    method: 'GET',
    path: '/api/models/{id}',
    tag: 'models',
    summary: 'One model, and how it compares as a shadow; looks at every series',
    access: 'viewer',
    answer: modelAnswer,
    errors: [404, 503],
    handler: async ({ params: { id } }) => models.report(await find(models, id)),
  });

const deleteModel = ({ models, logger }: Options) =>
  route({
    method: 'DELETE',
    path: '/api/models/{id}',
    tag: 'models',
    summary: 'Take a model out of the store that no series uses or has used',
    access: 'admin',
    answer: z.object({ deleted: z.string() }),
    errors: [400, 404, 503],
    async handler({ params: { id } }) {
      if (!(await models.remove(id))) await find(models, id);
      logger.info({ model: id }, 'model deleted');
      return { deleted: id };
    },
  });

const showSeriesModels = ({ models }: Options) =>
  route({
    method: 'GET',
    path: '/api/series/{sensor}/{metric}/models',
    tag: 'models',
    summary: 'Which model judged the readings of a series from when on, and what its shadow would have said',
    access: 'viewer',
    answer: seriesModelsAnswer,
    errors: [404, 503],
    async handler({ params: series }) {
      const found = await models.ofSeries(series);
      if (!found) throw new RequestRefused(404, 'not_found', 'there is no such series');
      return found;
    },
  });

const shadowModel = ({ models, logger }: Options) =>
  route({
    method: 'POST',
    path: '/api/models/{id}/shadow',
    tag: 'models',
    summary: 'Let it score beside the active model, without alerts',
    access: 'admin',
    query: scopeQuery,
    answer: modelTableAnswer,
    errors: [400, 404, 503],
    async handler({ params, query }) {
      const scope = scopeOf(query);
      const { id } = await find(models, params.id);
      return changed(logger, 'shadow', scope, id, await models.shadow(scope, id));
    },
  });

const endShadow = ({ models, logger }: Options) =>
  route({
    method: 'POST',
    path: '/api/models/end-shadow',
    tag: 'models',
    summary: 'End the shadow of a scope',
    access: 'admin',
    query: scopeQuery,
    answer: modelTableAnswer,
    errors: [400, 503],
    async handler({ query }) {
      const scope = scopeOf(query);
      return changed(logger, 'shadow ended', scope, null, await models.shadow(scope, null));
    },
  });

const promoteModel = ({ models, logger }: Options) =>
  route({
    method: 'POST',
    path: '/api/models/{id}/promote',
    tag: 'models',
    summary: 'Put it in force, for each series from its next reading on',
    access: 'admin',
    query: scopeQuery,
    answer: modelTableAnswer,
    errors: [400, 404, 503],
    async handler({ params, query }) {
      const scope = scopeOf(query);
      const { id } = await find(models, params.id);
      return changed(logger, 'promoted', scope, id, await models.promote(scope, id));
    },
  });

const rollBackModel = ({ models, logger }: Options) =>
  route({
    method: 'POST',
    path: '/api/models/rollback',
    tag: 'models',
    summary: 'Take back the last promotion of a scope',
    access: 'admin',
    query: scopeQuery,
    answer: modelTableAnswer,
    errors: [400, 503],
    async handler({ query }) {
      const scope = scopeOf(query);
      return changed(logger, 'rolled back', scope, null, await models.rollBack(scope));
    },
  });

function scopeOf(query: z.output<typeof scopeQuery>): ModelScope {
  const { sensor = DEFAULT_SCOPE.sensor, metric = DEFAULT_SCOPE.metric } = query;
  return { sensor, metric };
}

/** @throws RequestRefused (404) */
async function find(models: Options['models'], id: string): Promise<StoredModel> {
  const model = await models.stored(id);
  if (!model)
    throw new RequestRefused(404, 'not_found', `there is no model '${id}' in the store`, { field: 'id' });
  return model;
}

/** Logs a change of the models in force. @returns the table as the API shows it */
function changed(
  logger: Options['logger'],
  what: string,
  scope: ModelScope,
  model: string | null,
  { started: _, ...table }: ModelTable,
) {
  logger.info({ ...scope, model, revision: table.revision }, `model ${what}`);
  return table;
}
