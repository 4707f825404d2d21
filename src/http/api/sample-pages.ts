/** Reads the samples of a series page by page as text, and sends it no faster than the client takes it. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { TextFormat } from '../../domain/sample-text.ts';
import type { SeriesId } from '../../domain/series.ts';

import type { SeriesReads } from '../../store/store.ts';

/** Samples read at once: about 300 kB of text. */
const PAGE = 5_000;

/** Ascending, with `from` <= ts <= `to`; pages that are not empty. */
export async function* sampleTexts(
  reads: Pick<SeriesReads, 'text'>,
  series: SeriesId,
  from: number,
  to: number,
  format: TextFormat,
): AsyncGenerator<Uint8Array> {
  for (let next = from; ; ) {
    const { text, count, last } = await reads.text(series, next, to, PAGE, format);
    if (count > 0) yield text;
    if (count < PAGE) return;
    next = last + 1;
  }
}

/** One JSON array of texts that have one element or several with commas between them. */
export async function* jsonArray(
  texts: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<string | Uint8Array> {
  let separator = '[\n';
  for await (const text of texts) {
    yield separator;
    yield text;
    separator = ',\n';
  }
  yield separator === ',\n' ? '\n]\n' : '[]\n';
}

/** Sends parts of a text as the answer. The first part is read before the answer begins: a failure there is still an error status. */
export async function sendParts(
  response: Response,
  parts: AsyncGenerator<string | Uint8Array>,
): Promise<void> {
  const first = await parts.next();
  if (response.req.method === 'HEAD') {
    await parts.return(undefined);
    response.end();
    return;
  }
  const all = async function* () {
    if (!first.done) yield first.value;
    yield* parts;
  };
  try {
    await pipeline(Readable.from(all()), response);
  } catch (error) {
    // A client that goes away is no failure. A client that stays notices a failure: the answer breaks off.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
