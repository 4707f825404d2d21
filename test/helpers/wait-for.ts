/**
 * Waits for a condition instead of sleeping: a test is as fast as the machine, and fails with the last reason when the
 * deadline passes.
 */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Calls `probe` until it returns something truthy (null, undefined and false mean "not yet", as does throwing), and
 * resolves with that.
 * @param what named in the error when the deadline (ms, default 10 s) passes
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs = 10_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs;
  let reason: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result) return result;
      reason = undefined;
    } catch (error) {
      reason = error;
    }
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`, { cause: reason });
    await pause(10);
  }
}
