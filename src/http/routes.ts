/** Every route of the server, in the groups that share their middleware, and the types that the panel takes from them. */
import type { z } from 'zod';
import { alertReceiverRoutes } from './api/alert-receivers.ts';
import { alertRuleRoutes } from './api/alert-rules.ts';
import { alertRoutes } from './api/alerts.ts';
import { auditRoutes } from './api/audit.ts';
import { backupRoutes } from './api/backup.ts';
import { brokerClientRoutes } from './api/broker-clients.ts';
import { chartRoutes } from './api/chart.ts';
import { deadLetterRoutes } from './api/dead-letters.ts';
import { discoveryRoutes } from './api/discovery.ts';
import { exportRoutes } from './api/export.ts';
import { logLevelRoutes } from './api/log-level.ts';
import { modelRoutes } from './api/models.ts';
import { muteRoutes } from './api/mutes.ts';
import { pointRoutes } from './api/points.ts';
import { readingRoutes } from './api/readings.ts';
import { recentRoutes } from './api/recent.ts';
import { seriesRoutes } from './api/series.ts';
import { seriesLabelRoutes } from './api/series-labels.ts';
import { sessionRoutes } from './api/session.ts';
import { sourceRoutes } from './api/sources.ts';
import { statusRoutes } from './api/status.ts';
import type { HttpOptions } from './http-options.ts';
import { legacyRoutes } from './legacy/routes.ts';
import { streamRoutes } from './live/stream.ts';
import type { Access } from './middleware/access.ts';
import { healthRoutes } from './ops/health.ts';
import type { PathParameters, Route } from './route.ts';

/** The JSON API. A path with a fixed last part stands before a path with a parameter in that place. */
export const apiRoutes = (options: HttpOptions, access: Access) => [
  ...readingRoutes(options),
  ...seriesRoutes(options),
  ...seriesLabelRoutes(options),
  ...pointRoutes(options),
  ...chartRoutes(options),
  ...exportRoutes(options),
  ...recentRoutes(options),
  ...streamRoutes(options),
  ...alertRoutes(options),
  ...alertReceiverRoutes(options),
  ...muteRoutes(options),
  ...alertRuleRoutes(options),
  ...modelRoutes(options),
  ...deadLetterRoutes(options),
  ...statusRoutes(options),
  ...sourceRoutes(options),
  ...brokerClientRoutes(options),
  ...discoveryRoutes(options),
  ...logLevelRoutes(options),
  ...auditRoutes(options),
  ...backupRoutes(options),
  ...sessionRoutes(access),
];

export { healthRoutes, legacyRoutes };

type Called = ReturnType<typeof apiRoutes>[number] | ReturnType<typeof legacyRoutes>[number];

/** What a call of a route takes and gives, by method and path: `Calls['GET /api/series']['answer']`. */
export type Calls = {
  [R in Called as `${R['method']} ${R['path']}`]: R extends Route<
    infer _Method,
    infer Path,
    infer Query,
    infer _Body,
    infer Answer
  >
    ? {
        params: PathParameters<Path>;
        query: { readonly [Name in keyof z.input<Query>]: string | number };
        answer: z.output<Answer>;
      }
    : never;
};

/** The JSON answers by method and path: `Answers['GET /api/series']`. */
export type Answers = { [Name in keyof Calls]: Calls[Name]['answer'] };
