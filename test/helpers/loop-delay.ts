/** How long the event loop of this process is kept from its turn. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

async function longestDelay(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 5 });
  histogram.enable();
  await work();
  // One more look of the histogram after the work.
  await pause(15);
  histogram.disable();
  return histogram.max / 1e6;
}

/**
 * The longest delay while `work` runs, ms, and what may be expected of it: a machine that others load has long ones of its
 * own, so the bound is a multiple of what a look at the idle process shows, 1 s at least.
 */
export async function loopDelay(work: () => Promise<unknown>): Promise<{ delay: number; bound: number }> {
  const idle = await longestDelay(() => pause(300));
  const delay = await longestDelay(work);
  return { delay, bound: Math.max(1000, idle * 10) };
}
