/** Discovery: what is published, and which presets and sources would read it. */
import { z } from 'zod';
import { ConfigurationError } from '../../errors.ts';
import type { HttpOptions } from '../http-options.ts';
import { RequestRefused } from '../middleware/error-answer.ts';
import { jsonBody, route } from '../route.ts';
import { must } from './fields.ts';

/** Seconds that one may listen. */
const [LEAST_SECONDS, MOST_SECONDS] = [1, 60];

const discovered = {
  presets: z.array(z.string()).meta({ description: 'for MQTT_PRESETS' }),
  found: z.array(
    z.object({
      pattern: z.string().meta({ description: 'covers the topics' }),
      topics: z.int(),
      messages: z.int(),
      preset: z.string().nullable().meta({ description: 'that reads it; null: a source of its own does' }),
      example: z.string().meta({ description: 'one of the topics' }),
      becomes: z.string().meta({ description: 'what its message would become, in words' }),
      reads: z.boolean().meta({ description: 'whether that would be a reading' }),
    }),
  ),
  file: z.string().meta({ description: 'a vigia.yaml that reads it; empty where nothing was heard' }),
  topicsLeftOut: z.int(),
};

type Options = Pick<HttpOptions, 'discovery' | 'maxPayload'>;

export const discoveryRoutes = (options: Options) => [showUntaken(options), listenAtBroker(options)];

const showUntaken = ({ discovery }: Options) =>
  route({
    method: 'GET',
    path: '/api/discovery',
    tag: 'operation',
    summary:
      'What was published at the built-in broker on topics that no source takes, and what would read it',
    access: 'operator',
    answer: z.object({
      builtIn: z
        .boolean()
        .meta({ description: 'false: the broker is another program, and POST listens at it' }),
      ...discovered,
    }),
    handler() {
      const found = discovery.untaken();
      return {
        builtIn: found !== null,
        ...(found ?? { presets: [], found: [], file: '', topicsLeftOut: 0 }),
      };
    },
  });

const listenAtBroker = ({ discovery, maxPayload }: Options) =>
  route({
    method: 'POST',
    path: '/api/discovery',
    tag: 'operation',
    summary:
      'Listen at the external broker for some seconds, and say what would read what is published there',
    access: 'operator',
    body: jsonBody(
      z.object(
        {
          seconds: z
            .number({ error: must('a number') })
            .min(LEAST_SECONDS, `must be at least ${LEAST_SECONDS}`)
            .max(MOST_SECONDS, `must be at most ${MOST_SECONDS}`),
        },
        { error: 'must be an object with seconds' },
      ),
      maxPayload,
    ),
    answer: z.object(discovered),
    errors: [400, 413, 503],
    async handler({ body: { seconds } }) {
      if (discovery.untaken() !== null)
        throw new RequestRefused(400, 'invalid_input', 'the broker is built in: GET says what it has heard');
      try {
        return await discovery.listen(seconds * 1000);
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        throw new RequestRefused(503, 'broker_unavailable', 'the broker cannot be reached');
      }
    },
  });
