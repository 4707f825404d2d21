/**
 * Whether one entry of the stream is sent to one target. An entry is sent when its alert passes the target's filter and is not
 * muted. A target that was told that an alert is open is always told how the alert ends, even if the filter or the mutes have
 * changed since.
 */
import type { Alert } from '../domain/alert.ts';
import { toldBy } from '../domain/alert.ts';
import type { StreamedAlert } from '../store/alert-store.ts';

/** `told`: what the store is to remember as told to the target; absent: what it remembers stays. */
export type Decision =
  | { readonly send: true; readonly told: string }
  | { readonly send: false; readonly told?: string };

export interface Policy {
  /** Whether the alert passes the target's filter and is not muted. */
  wants(alert: Alert): boolean;
  /** Whether the entries have waited until they were settled (settling.ts), so that later revisions of the alert are known. */
  readonly settled: boolean;
}

/** What the store remembers of an alert whose opening was not sent. */
const PASSED_OVER = '';
const NOTHING: Decision = { send: false };

export function decide(entry: Omit<StreamedAlert, 'position' | 'at'>, policy: Policy): Decision {
  const { alert, news, latest, told } = entry;
  const content = toldBy(alert);
  if (!news || content === told) return NOTHING;
  const knowsOpen = told?.startsWith('open') === true;
  if (policy.settled && latest !== '') {
    // A later entry takes this change back.
    if (latest === told) return NOTHING;
    if (!knowsOpen && latest.startsWith('retracted')) return { send: false, told: PASSED_OVER };
  }
  if (knowsOpen) return { send: true, told: content };
  if (alert.state !== 'open') {
    // Where nothing is remembered (null), an earlier release may have sent the opening.
    return told !== PASSED_OVER && policy.wants(alert) ? { send: true, told: content } : NOTHING;
  }
  return policy.wants(alert) ? { send: true, told: content } : { send: false, told: PASSED_OVER };
}
