/** How much this replica logs: shown, and changed until the replica starts again. */
import { z } from 'zod';
import type { HttpOptions } from '../http-options.ts';
import { jsonBody, route } from '../route.ts';
import { must } from './fields.ts';

const MAX_BODY_BYTES = 1024;

const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
  error: must('trace, debug, info, warn, error, fatal or silent'),
});

const logLevelRequest = z.object(
  { level: logLevel },
  { error: 'must be an object such as {"level":"debug"}' },
);

const logLevelAnswer = z.object({
  // With several replicas behind one address the hostname tells which of them has answered.
  hostname: z.string().meta({ description: 'of the replica that answers' }),
  level: logLevel,
});

type Options = Pick<HttpOptions, 'logger' | 'hostname'>;

export const logLevelRoutes = (options: Options) => [showLogLevel(options), setLogLevel(options)];

const shown = ({ logger, hostname }: Options) =>
  ({ hostname, level: logger.level }) as z.output<typeof logLevelAnswer>;

const showLogLevel = (options: Options) =>
  route({
    method: 'GET',
    path: '/api/log-level',
    tag: 'operation',
    summary: 'How much the replica that answers logs',
    access: 'viewer',
    answer: logLevelAnswer,
    handler: () => shown(options),
  });

const setLogLevel = (options: Options) =>
  route({
    method: 'PUT',
    path: '/api/log-level',
    tag: 'operation',
    summary: 'Change that, until it is started again',
    access: 'admin',
    body: jsonBody(logLevelRequest, MAX_BODY_BYTES),
    answer: logLevelAnswer,
    errors: [400, 413],
    handler({ body: { level }, requestId, note }) {
      const { logger } = options;
      note(level);
      const before = logger.level;
      logger.level = level;
      logger.info({ before, level, requestId }, 'log level changed');
      return shown(options);
    },
  });
