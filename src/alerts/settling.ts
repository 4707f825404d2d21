/** How long a change of an alert waits before it is sent: later readings of its series may take it back. */
import type { StreamedAlert } from '../store/alert-store.ts';

/** A reading that is older than this when it is stored comes from a queue that is being drained, ms. */
const LIVE_MS = 10_000;
/** A change by such a reading waits so many times as long, because replicas that drain a queue may be seconds apart. */
const DRAINING = 10;

/** @param settle how long a change by a live reading waits, ms @returns ms from when the store learnt of the change */
export function settlingTime({ alert, at }: Pick<StreamedAlert, 'alert' | 'at'>, settle: number): number {
  const { state, ts, clearedTs } = alert;
  const reading = state === 'cleared' && clearedTs !== null ? clearedTs : ts;
  return at - reading > LIVE_MS ? settle * DRAINING : settle;
}
