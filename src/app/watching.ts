/** Wires the watchdog, which raises `missing` for series without readings, to the intake and the pipeline. */
import { staleCommit } from '../planning/stale-commit.ts';
import { Watchdog } from '../staleness/watchdog.ts';
import type { AppContext } from './context.ts';
import type { Intake } from './intake.ts';
import type { Scoring } from './scoring.ts';

export function createWatchdog(
  { config, store, logger, now }: AppContext,
  { rules, accounting, pipeline }: Scoring,
  { subscriber, births }: Intake,
): Watchdog {
  const watchdog = new Watchdog({
    store,
    rules,
    commitOf: staleCommit,
    subscription: {
      since() {
        const subscribed = subscriber ? subscriber.subscribedFor : Number.POSITIVE_INFINITY;
        return subscribed === null ? null : now() - subscribed;
      },
      answers: async () => (subscriber ? subscriber.answers() : true),
      storedUntil: (series) => pipeline.storedUntil(series),
    },
    patience: config.alerts.missingPatience,
    metrics: {
      staleSeries: (n) => accounting.staleSeries(n),
      alertChanged: (state) => accounting.commits.alertChanged(state),
    },
    logger,
    now,
  });
  pipeline.on('committed', (series, { commit }) => {
    if (commit.next?.watch) watchdog.note(series, commit.next.watch);
  });
  births.whenDied = (ended) => watchdog.senderEnded(ended);
  return watchdog;
}
