/**
 * What becomes of one entry of the stream for one target. A target is told of an alert that it wants to hear of and that is
 * not muted. Whoever was told that an alert is open is told how it ends, whatever has changed since.
 */
import type { Alert } from '../domain/alert.ts';
import { heardOf } from '../domain/alert.ts';
import type { StreamedAlert } from '../store/alert-store.ts';

/** `told`: what is remembered as told to the target; absent: it stays as it is. */
export type Decision =
  | { readonly tell: true; readonly told: string }
  | { readonly tell: false; readonly told?: string };

export interface Wishes {
  /** Whether the target wants to hear of the alert, and nobody has muted the alert. */
  wants(alert: Alert): boolean;
  /** Whether changes have waited until they are settled, so that later revisions are known. */
  readonly settled: boolean;
}

/** Remembered of an alert whose opening was not told. */
const PASSED_OVER = '';
const NOTHING: Decision = { tell: false };

export function decide(entry: Omit<StreamedAlert, 'position' | 'at'>, wishes: Wishes): Decision {
  const { alert, news, latest, told } = entry;
  const heard = heardOf(alert);
  if (!news || heard === told) return NOTHING;
  const knowsOpen = told?.startsWith('open') === true;
  if (wishes.settled && latest !== '') {
    // A later entry takes this change back.
    if (latest === told) return NOTHING;
    if (!knowsOpen && latest.startsWith('retracted')) return { tell: false, told: PASSED_OVER };
  }
  if (knowsOpen) return { tell: true, told: heard };
  if (alert.state !== 'open') {
    // Of an alert of which nothing is known, an earlier release may have told the opening.
    return told !== PASSED_OVER && wishes.wants(alert) ? { tell: true, told: heard } : NOTHING;
  }
  return wishes.wants(alert) ? { tell: true, told: heard } : { tell: false, told: PASSED_OVER };
}
