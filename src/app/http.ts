/** Wires the HTTP server and the live stream. */
import { hostname } from 'node:os';
import { parseArtifact } from '../../models/artifact.ts';
import { describeArtifact } from '../../models/details.ts';
import { packageVersion } from '../../models/package-root.ts';
import { trialRun } from '../../models/trial.ts';
import { AuditLog } from '../audit/audit-log.ts';
import type { Alert } from '../domain/alert.ts';
import type { HttpOptions } from '../http/http-options.ts';
import { Live } from '../http/live/live.ts';
import { type RunningHttp, startHttp } from '../http/server.ts';
import type { SeriesLabels } from '../labels/series-labels.ts';
import { ModelAdmin } from '../model-registry/model-admin.ts';
import type { AppContext } from './context.ts';
import { discoverBroker, discoverUntaken } from './discovering.ts';
import type { Intake } from './intake.ts';
import { CLOSE } from './lifecycle.ts';
import type { OwnModel } from './own-model.ts';
import { readiness } from './readiness.ts';
import type { Scoring } from './scoring.ts';

/** A hash of a password takes less time, so that the time of an answer tells nothing of the user, ms. */
const SIGN_IN_STEP_MS = 1000;

function signInLimits({ maxLoginFailures, maxLoginBanMs, maxPendingLogins }: AppContext['config']['http']) {
  return { maxLoginFailures, maxLoginBanMs, maxPendingLogins, answerStepMs: SIGN_IN_STEP_MS };
}

type Operated = Pick<HttpOptions, 'receivers' | 'mutes' | 'storedRules' | 'closedAlerts' | 'labels'>;

export function createLive(
  { config, store, registry }: AppContext,
  labels: SeriesLabels,
  isMuted: (alert: Alert) => boolean,
): Live {
  return new Live(config.live, store.peers, registry, labels, isMuted);
}

export async function openHttp(
  context: AppContext,
  own: OwnModel,
  scoring: Scoring,
  intake: Intake,
  live: Live,
  operated: Operated,
): Promise<RunningHttp> {
  const { store, logger, lifecycle, now } = context;
  const audit = new AuditLog({ store: store.audit, logger, now });
  lifecycle.add('audit log', () => audit.close(CLOSE.audit));
  const http = await startHttp(httpOptions(context, own, scoring, intake, live, audit, operated));
  lifecycle.add('http', () => http.close());
  return http;
}

function httpOptions(
  context: AppContext,
  { simd }: OwnModel,
  scoring: Scoring,
  intake: Intake,
  live: Live,
  audit: AuditLog,
  operated: Operated,
): HttpOptions {
  const { config, current, store, registry, logger, now } = context;
  const { accounting, models, pipeline } = scoring;
  return {
    host: config.http.host,
    port: config.http.port,
    store,
    submit: pipeline.submit,
    replay: intake.messages.replay,
    models: new ModelAdmin({
      store,
      models,
      describe: (bytes, source) => describeArtifact(parseArtifact(bytes, source)),
      maxBytes: config.models.maxTotal,
      tryOut: (bytes, source) => trialRun(parseArtifact(bytes, source), source, simd),
      now,
    }),
    ...operated,
    maxModelSize: config.models.maxSize,
    logger,
    registry,
    live,
    audit,
    liveAddressClients: config.live.addressClients,
    clientReads: config.http.clientReads,
    addressConnections: config.http.addressConnections,
    totals: () => accounting.totals,
    rulesOf: (series) => scoring.rules.of(series),
    alive: () => intake.subscriber?.alive(),
    sources: () => ({
      sources: intake.decoder.counts.map(({ ignored, ...count }) => ({
        ...count,
        ignored: Object.fromEntries(ignored),
      })),
      unmatched: { count: intake.decoder.unmatched.count, newest: intake.decoder.unmatched.list() },
    }),
    brokerClients: () => intake.broker?.clients() ?? null,
    discovery: {
      untaken: () => discoverUntaken(context, intake),
      listen: (ms) => discoverBroker(context, ms),
    },
    ready: readiness(context, scoring, intake),
    countRejected: (n) => {
      accounting.received(n);
      accounting.ended('rejected', n);
    },
    version: packageVersion(),
    hostname: hostname(),
    maxPayload: config.readings.maxPayload,
    maxReadings: config.readings.maxReadings,
    maxNameBytes: config.readings.maxNameBytes,
    // Getters, because `reload` may take over a new value while the server runs.
    get token() {
      return current().http.token;
    },
    get users() {
      return current().http.users;
    },
    get sessionLifetime() {
      return current().http.sessionLifetime;
    },
    signIn: signInLimits(config.http),
    get legacyOpen() {
      return current().http.legacyAccess === 'open';
    },
    get rateLimit() {
      return current().http.rateLimit;
    },
    get authFailures() {
      return current().http.authFailures;
    },
    get allowedHosts() {
      const { allowedHosts = [], host } = current().http;
      return [...allowedHosts, host, hostname(), `${hostname()}.local`];
    },
    get corsOrigins() {
      return current().http.corsOrigins ?? [];
    },
    trustProxy: config.http.trustProxy,
    closeDeadline: CLOSE.http,
    now,
  };
}
