/** A whole series as a file. An export reads the store page by page, no faster than the client takes the pages. */
import { z } from 'zod';
import { InvalidInput } from '../../errors.ts';
import type { HttpOptions } from '../http-options.ts';
import { route, SENT } from '../route.ts';
import { timeParameter } from './fields.ts';
import { pointAnswer } from './points.ts';
import { requireSeries } from './require-series.ts';
import { jsonArray, sampleTexts, sendParts } from './sample-pages.ts';

const CSV_HEAD = 'timestamp,value,expected,score\r\n';

type Options = Pick<HttpOptions, 'store'>;

export const exportRoutes = (options: Options) => [exportSeries(options)];

const exportSeries = ({ store }: Options) =>
  route({
    method: 'GET',
    path: '/api/series/{sensor}/{metric}/export',
    tag: 'series',
    summary:
      'The whole series, or what lies between `from` and `to`, as a file: CSV, or a JSON array of points',
    access: 'viewer',
    readsMuch: true,
    query: z.object({
      format: z.enum(['csv', 'json'], { error: 'must be csv or json' }).optional(),
      from: timeParameter.optional(),
      to: timeParameter.optional(),
    }),
    answer: z.array(pointAnswer),
    otherTypes: ['text/csv'],
    errors: [400, 404, 429, 503],
    async handler({ params: series, query, request, response }) {
      const { format = 'csv', from = 0, to = Number.MAX_SAFE_INTEGER } = query;
      if (from > to) throw new InvalidInput('from', 'from must not be after to');
      const reads = store.reads(request.ip ?? '').series;
      if ((await reads.countBetween(series, from, to, 1)) === 0) await requireSeries(store, series);
      response
        .attachment(`${series.sensor}-${series.metric}.${format}`)
        .type(format === 'csv' ? 'text/csv' : 'json');
      const texts = sampleTexts(reads, series, from, to, format);
      await sendParts(response, format === 'csv' ? csvFile(texts) : jsonArray(texts));
      return SENT;
    },
  });

async function* csvFile(texts: AsyncIterable<Uint8Array>): AsyncGenerator<string | Uint8Array> {
  let head = CSV_HEAD;
  for await (const text of texts) {
    yield head;
    yield text;
    head = '';
  }
  yield head;
}
