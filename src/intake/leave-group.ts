/**
 * Leaves a shared subscription for good. A broker gives an absent member of the group its share of the messages as long as the
 * session of the member lasts. So a session to which nobody returns must end, and must be empty when it ends.
 *
 * The last member must not leave: without any session the broker would acknowledge readings and drop them. If several members
 * stop at the same moment, their retained statuses decide: each first announces `leaving` and then reads the statuses of the
 * others. So the member that announces it last finds no other member `online`, and keeps its session.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** What leaving takes at the broker. Each step fails when the connection is lost. */
export interface Member {
  /** Announces it, and returns once the broker has it: everything the broker sent before has arrived by then. */
  announce(state: 'leaving' | 'left'): Promise<void>;
  /** Other replicas of the group that are subscribed at this moment. */
  othersOnline(): Promise<number>;
  unsubscribe(): Promise<void>;
  /** Messages taken from the broker so far, and those of them that are not acknowledged yet. */
  counts(): { readonly received: number; readonly inFlight: number };
}

const POLL_MS = 10;

/**
 * @param signal ends the attempt; what is still queued at the broker then waits for the next process of this client id
 * @returns whether the session is empty and may end; false when this is the last member
 * @throws what `member` throws, or the signal's reason
 */
export async function leaveGroup(member: Member, signal: AbortSignal): Promise<boolean> {
  await member.announce('leaving');
  if ((await member.othersOnline()) === 0) return false;
  await member.unsubscribe();
  for (;;) {
    while (member.counts().inFlight > 0) await delay(POLL_MS, undefined, { signal });
    const { received } = member.counts();
    // Each acknowledgement may have let the broker send more: only an answer after the last of them says that it has not.
    await member.announce('leaving');
    const now = member.counts();
    if (now.inFlight === 0 && now.received === received) break;
  }
  await member.announce('left');
  return true;
}
