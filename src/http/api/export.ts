/** A whole series as a file. An export reads the store page by page, no faster than the client takes the pages. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { SeriesId } from '../../domain/series.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import { InvalidInput } from '../../errors.ts';
import type { Store } from '../../store/store.ts';
import type { HttpOptions } from '../http-options.ts';
import { route, SENT } from '../route.ts';
import { timeParameter } from './fields.ts';
import { pointAnswer, pointOf } from './points.ts';
import { requireSeries } from './require-series.ts';

/** Samples read at once: about 300 kB of text. */
const PAGE = 5_000;

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
    query: z.object({
      format: z.enum(['csv', 'json'], { error: 'must be csv or json' }).optional(),
      from: timeParameter.optional(),
      to: timeParameter.optional(),
    }),
    answer: z.array(pointAnswer),
    otherTypes: ['text/csv'],
    errors: [400, 404, 503],
    async handler({ params: series, query, request, response }) {
      const { format = 'csv', from = 0, to = Number.MAX_SAFE_INTEGER } = query;
      if (from > to) throw new InvalidInput('from', 'from must not be after to');
      // The first page is read before the answer begins: if this fails, the answer still has an error status.
      const first = await store.series.oldest(series, from, to, PAGE);
      if (first.length === 0) await requireSeries(store, series);
      response
        .attachment(`${series.sensor}-${series.metric}.${format}`)
        .type(format === 'csv' ? 'text/csv' : 'json');
      if (request.method === 'HEAD') {
        response.end();
        return SENT;
      }
      const pages = pagesAfter(store, series, first, to);
      const text = format === 'csv' ? csvText(pages) : jsonText(pages);
      try {
        await pipeline(Readable.from(text), response);
      } catch (error) {
        // A client that goes away is no failure. A client that stays notices a failure: the answer breaks off.
        if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
      }
      return SENT;
    },
  });

async function* pagesAfter(
  store: Pick<Store, 'series'>,
  series: SeriesId,
  first: readonly ScoredSample[],
  to: number,
): AsyncGenerator<readonly ScoredSample[]> {
  for (let page = first; page.length > 0; ) {
    yield page;
    if (page.length < PAGE) return;
    page = await store.series.oldest(series, page.at(-1)!.ts + 1, to, PAGE);
  }
}

async function* csvText(pages: AsyncIterable<readonly ScoredSample[]>): AsyncGenerator<string> {
  yield 'timestamp,value,expected,score\r\n';
  for await (const page of pages) {
    let text = '';
    for (const { ts, value, expected, score } of page) {
      text += `${new Date(ts).toISOString()},${value},${expected ?? ''},${score ?? ''}\r\n`;
    }
    yield text;
  }
}

/** An array of the points of `GET /api/series/{sensor}/{metric}`. */
async function* jsonText(pages: AsyncIterable<readonly ScoredSample[]>): AsyncGenerator<string> {
  let separator = '[';
  for await (const page of pages) {
    let text = '';
    for (const sample of page) {
      text += `${separator}\n${JSON.stringify(pointOf(sample))}`;
      separator = ',';
    }
    yield text;
  }
  yield separator === '[' ? '[]\n' : '\n]\n';
}
