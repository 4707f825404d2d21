/**
 * The fault suite has two forms: the short one is part of `npm test`, the long one (`FAULTS=long`, `npm run
 * test:faults`) has the loads and durations of the table in docs. Nothing else differs.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

const LONG = process.env.FAULTS === 'long';

export function inForm<T>({ short, long }: { readonly short: T; readonly long: T }): T {
  return LONG ? long : short;
}

/** How long a fault lasts is part of the fault, so this one is a timer and not a condition. */
export function faultLasts(ms: number): Promise<void> {
  return delay(ms);
}

/** What a fault did, on one line for docs and reports; the long form only. */
export function figures(of: Readonly<Record<string, number | string>>): void {
  if (!LONG) return;
  const text = Object.entries(of).map(([name, value]) => `${name} ${value}`);
  console.log(`${expect.getState().currentTestName}: ${text.join(', ')}`);
}
