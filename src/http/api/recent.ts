/** The newest readings of many series at once: the panel draws its sparklines from them. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { route, SENT } from '../route.ts';
import { countParameter, must } from './fields.ts';
import { jsonArray, sendParts } from './sample-pages.ts';

/** Series in one request. */
const MAX_SERIES = 200;
const MAX_POINTS = 1_000;

const recentQuery = z.object({
  series: z
    .string({ error: must('series keys, comma-separated') })
    .transform((text, context) => {
      const keys = text.split(',').map((key) => key.split('/'));
      const problem =
        keys.length > MAX_SERIES
          ? `must be at most ${MAX_SERIES} series`
          : keys.some((parts) => parts.length !== 2 || parts.some((part) => decoded(part) === null))
            ? 'must be <sensor>/<metric>, percent-encoded, several comma-separated'
            : null;
      if (problem === null) return keys.map(([s, m]) => ({ sensor: decoded(s!)!, metric: decoded(m!)! }));
      context.addIssue({ code: 'custom', message: problem });
      return z.NEVER;
    })
    .meta({
      description: `\`<sensor>/<metric>\`, both percent-encoded once more; at most ${MAX_SERIES}, comma-separated`,
    }),
  points: countParameter(MAX_POINTS).default(60).meta({ description: 'the newest so many of each' }),
});

const recentAnswer = z.array(
  z.object({
    sensor: z.string(),
    metric: z.string(),
    points: z
      .array(z.tuple([z.int(), z.number(), z.number().nullable()]))
      .meta({ description: 'time, value and score, oldest first' }),
  }),
);

type Options = Pick<HttpOptions, 'store'>;

export const recentRoutes = (options: Options) => [listRecent(options)];

const listRecent = ({ store }: Options) =>
  route({
    method: 'GET',
    path: '/api/recent',
    tag: 'series',
    summary: 'The newest readings of several series at once',
    access: 'viewer',
    readsMuch: true,
    query: recentQuery,
    answer: recentAnswer,
    errors: [400, 429, 503],
    // An unknown series has no points: the list from which the panel asks may be older than a deletion.
    async handler({ query: { series, points }, request, response }) {
      const reads = store.reads(request.ip ?? '').series;
      const elements = async function* () {
        for (const { sensor, metric } of series) {
          const samples = await reads.range({ sensor, metric }, 0, Number.MAX_SAFE_INTEGER, points);
          const shown = samples.map(({ ts, value, score }) => [ts, value, score]);
          yield JSON.stringify({ sensor, metric, points: shown });
        }
      };
      response.type('json');
      await sendParts(response, jsonArray(elements()));
      return SENT;
    },
  });

function decoded(text: string): string | null {
  try {
    return text === '' ? null : decodeURIComponent(text);
  } catch {
    return null;
  }
}
