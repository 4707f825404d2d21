/** Names and units that people give to series. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { jsonBody, route } from '../route.ts';
import { must, name as nameField } from './fields.ts';

const label = {
  sensor: z.string().meta({ description: 'or * for the metric on every sensor' }),
  metric: z.string(),
  name: z.string().nullable().meta({ description: 'what people call the series' }),
  unit: z.string().nullable().meta({ description: 'it goes before the unit of UNITS' }),
};

/** Null and the empty text take it away. */
const written = (maximum: number) =>
  z
    .string({ error: must('a text or null') })
    .trim()
    .max(maximum, `must be at most ${maximum} characters`)
    .regex(/^\P{C}*$/u, 'must have no control characters')
    .transform((text) => (text === '' ? null : text))
    .nullable()
    .default(null);

type Options = Pick<HttpOptions, 'labels' | 'maxPayload' | 'maxNameBytes'>;

export const seriesLabelRoutes = (options: Options) => [listLabels(options), setLabel(options)];

const labelsAnswer = z.array(z.object(label));

const listLabels = ({ labels }: Options) =>
  route({
    method: 'GET',
    path: '/api/series-labels',
    tag: 'series',
    summary: 'The names and units that people have given to series',
    access: 'viewer',
    answer: labelsAnswer,
    handler: () => [...labels.list()],
  });

const setLabel = ({ labels, maxPayload, maxNameBytes }: Options) =>
  route({
    method: 'PUT',
    path: '/api/series-labels',
    tag: 'series',
    summary: 'Give a series a name and a unit; all replicas show them within a second or two',
    access: 'operator',
    body: jsonBody(
      z.object(
        {
          sensor: nameField(maxNameBytes),
          metric: nameField(maxNameBytes),
          name: written(200),
          unit: written(50),
        },
        { error: 'must be an object with sensor, metric, name and unit' },
      ),
      maxPayload,
    ),
    answer: labelsAnswer,
    errors: [400, 413, 503],
    async handler({ body, note }) {
      await labels.set(body);
      note(`${body.sensor}/${body.metric}: ${body.name ?? '-'}, ${body.unit ?? '-'}`);
      return [...labels.list()];
    },
  });
