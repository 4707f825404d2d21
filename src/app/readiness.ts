/** Whether this process takes readings and can store them: what /readyz and `vigia_store_up` say. */
import type { AppContext } from './context.ts';
import type { Intake } from './intake.ts';
import type { Scoring } from './scoring.ts';

/** For how long the receive window may be full, ms: a burst fills it for a moment. */
const FULL_FOR_MS = 30_000;

/** @returns throws with the reason when the process is not ready */
export function readiness(
  { config, store, clock }: AppContext,
  { accounting, pipeline }: Scoring,
  { subscriber }: Intake,
): () => Promise<void> {
  const window = Math.min(config.mqtt.receiveMaximum, config.pipeline.maxInFlight);
  return async () => {
    subscriber?.ready();
    const problem = pipeline.storeProblem();
    if (problem !== null) throw new Error(problem);
    const { count, oldestMs } = accounting.held;
    if (subscriber && count >= window && oldestMs > FULL_FOR_MS) {
      const seconds = Math.round(oldestMs / 1000);
      throw new Error(`the receive window is full: ${count} messages wait, the oldest for ${seconds} s`);
    }
    const wrong = config.readings.readyClock === 'right' ? clock.problem() : null;
    if (wrong !== null) throw new Error(`READY_CLOCK: ${wrong}`);
    await store.ping();
  };
}
