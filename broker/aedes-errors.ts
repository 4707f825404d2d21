/** Why Aedes ends connections, counted by reason. */
import type { Aedes, Client } from 'aedes';
import type { Logger } from 'pino';
import { streamOf } from './client-stream.ts';
import type { Refusal, Refusals } from './refusals.ts';

/** Refused, counted and logged by the broker itself. */
export class RefusedByUs extends Error {}

/** What Aedes closes connections for, by the words of its errors. */
const AEDES_ERRORS: readonly (readonly [words: RegExp, reason: Refusal])[] = [
  [/^connect did not arrive in time/, 'connect-timeout'],
  [/^keep alive timeout/, 'keep-alive-timeout'],
  [/^drain timeout/, 'drain-timeout'],
  [/^maxInflightInbound/, 'qos2-window'],
  [/topic|only allowed in/, 'topic'],
];

export function countErrors(aedes: Aedes, refusals: Refusals, logger: Logger): void {
  // A connection that goes with messages under way reports each of them.
  const reported = new WeakSet<object>();
  const report = (client: Client, error: Error & { readonly returnCode?: number }): void => {
    if (reported.has(client)) return;
    reported.add(client);
    if (error instanceof RefusedByUs || error.message === 'connection closed') return;
    const reason = AEDES_ERRORS.find(([words]) => words.test(error.message))?.[1] ?? 'other';
    refusals.count(reason, {
      clientId: streamOf(client).clientId,
      address: streamOf(client).peer.address,
      detail: error.message,
    });
  };
  aedes.on('clientError', report);
  aedes.on('connectionError', report);
  // Not in Aedes' types: failures of its persistence, which would otherwise end the process.
  (aedes as NodeJS.EventEmitter).on('error', (error: Error) =>
    logger.error({ err: error }, 'MQTT broker failure'),
  );
}
