/** What each source has seen, and topics that no source takes: where to look when a device is missing. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { route } from '../route.ts';

const sourceAnswer = z.object({
  source: z.string().meta({ description: 'its preset, or else its topic' }),
  messages: z.int(),
  readings: z.int(),
  problems: z.int().meta({ description: 'elements of messages that became dead letters' }),
  nulls: z.int().meta({ description: 'fields and messages that say that there is no value' }),
  ignored: z.record(z.string(), z.int()).meta({ description: 'fields that became no reading, by reason' }),
});

const unmatchedAnswer = z.object({
  count: z.int().meta({ description: 'messages' }),
  newest: z
    .array(z.object({ topic: z.string(), at: z.int() }))
    .meta({ description: 'their topics, the newest first' }),
});

type Options = Pick<HttpOptions, 'sources'>;

export const sourceRoutes = (options: Options) => [listSources(options)];

const listSources = ({ sources }: Options) =>
  route({
    method: 'GET',
    path: '/api/sources',
    tag: 'operation',
    summary: 'What each source of messages has seen, and topics that no source takes',
    access: 'viewer',
    answer: z.object({ sources: z.array(sourceAnswer), unmatched: unmatchedAnswer }),
    handler: () => {
      const report = sources();
      return {
        sources: report.sources.map((each) => ({ ...each })),
        unmatched: { count: report.unmatched.count, newest: [...report.unmatched.newest] },
      };
    },
  });
