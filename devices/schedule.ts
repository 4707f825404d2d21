/** Waiting for a moment of the wall clock. */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Resolves when `now()` reaches `due` (ms UTC), or earlier when aborted. Waits in steps, because timers end at 24 days and
 * clocks get set.
 */
export async function until(due: number, now: () => number, signal?: AbortSignal): Promise<void> {
  for (let wait = due - now(); wait > 0 && !signal?.aborted; wait = due - now())
    await pause(Math.min(wait, 60_000), undefined, signal === undefined ? {} : { signal }).catch(
      () => undefined,
    );
}
