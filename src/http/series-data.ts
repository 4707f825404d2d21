/**
 * A whole series in people's hands: out as a file, or gone. An export is read from the store page by page, no faster than
 * the client takes it.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import type { Logger } from 'pino';
import type { SeriesId } from '../domain/series.ts';
import { seriesKey } from '../domain/series.ts';
import type { ScoredSample } from '../domain/verdict.ts';
import { InvalidInput } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { readQuery } from './api-query.ts';
import { exportQuery, removeQuery } from './api-schema.ts';
import { RequestRefused } from './error-answer.ts';
import type { Live } from './live.ts';

/** Samples read at once: about 300 kB of text. */
const PAGE = 5_000;

interface SeriesDataOptions {
  readonly store: Store;
  readonly logger: Logger;
  readonly live: Pick<Live, 'removed'>;
}

export function seriesDataRoutes({ store, logger, live }: SeriesDataOptions): Router {
  const router = Router();

  router.get('/:sensor/:metric/export', async (request, response) => {
    const series = { sensor: request.params.sensor, metric: request.params.metric };
    const { format = 'csv', from = 0, to = Number.MAX_SAFE_INTEGER } = readQuery(request, exportQuery);
    if (from > to) throw new InvalidInput('from', 'from must not be after to');
    // Before the answer begins, so that what goes wrong with the first page still has a status.
    const first = await store.series.oldest(series, from, to, PAGE);
    if (first.length === 0) await requireSeries(store, series);
    response
      .attachment(`${series.sensor}-${series.metric}.${format}`)
      .type(format === 'csv' ? 'text/csv' : 'json');
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const pages = pagesAfter(store, series, first, to);
    const text = format === 'csv' ? csvText(pages) : jsonText(pages);
    try {
      await pipeline(Readable.from(text), response);
    } catch (error) {
      // A client that goes away is no failure; one that stays notices: the answer breaks off.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  });

  router.delete('/:sensor/:metric', async (request, response) => {
    const series = { sensor: request.params.sensor, metric: request.params.metric };
    const { confirm } = readQuery(request, removeQuery);
    if (confirm !== `${series.sensor}/${series.metric}`) {
      throw new InvalidInput(
        'confirm',
        'confirm must be <sensor>/<metric>: the series with all its readings and alerts is deleted for good',
      );
    }
    const removed = await store.series.remove(series);
    if (!removed) throw new RequestRefused(404, 'not_found', 'there is no such series');
    const requestId = response.get('X-Request-Id');
    logger.warn({ requestId, client: request.ip, ...series }, `series ${seriesKey(series)} deleted`);
    live.removed(series);
    response.json({ deleted: series });
  });
  return router;
}

/** @throws RequestRefused (404) */
export async function requireSeries(store: Store, series: SeriesId): Promise<void> {
  if ((await store.series.load([series]))[0] === null) {
    throw new RequestRefused(404, 'not_found', 'there is no such series');
  }
}

async function* pagesAfter(
  store: Store,
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

/** An array of the points of `GET /api/series/:sensor/:metric`. */
async function* jsonText(pages: AsyncIterable<readonly ScoredSample[]>): AsyncGenerator<string> {
  let separator = '[';
  for await (const page of pages) {
    let text = '';
    for (const { ts, value, expected, score } of page) {
      const point = {
        t: ts,
        v: value,
        ...(expected !== null && { expected }),
        ...(score !== null && { score }),
      };
      text += `${separator}\n${JSON.stringify(point)}`;
      separator = ',';
    }
    yield text;
  }
  yield separator === '[' ? '[]\n' : '\n]\n';
}
