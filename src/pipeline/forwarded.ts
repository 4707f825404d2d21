/** What two replicas tell each other of readings that one has received and the other has committed. */
import type { Outcome } from '../domain/outcome.ts';
import type { Reading } from '../domain/reading.ts';
import type { Answer, ForwardedResult } from '../replicas/forwarding.ts';
import type { PendingReading } from './ticket.ts';

/** What this replica knows of a reading that a peer has committed. */
export function outcomeAtPeer(pending: PendingReading, status: ForwardedResult): Outcome {
  // A reading without a time is never forwarded.
  const reading = pending.reading as Reading;
  if (status === 'duplicate') return { status, reading };
  return { status, reading, verdict: null, static: null, window: [], needed: 0 };
}

/** The answer to a peer; null where a reading was refused: the peer that received it keeps the dead letter. */
export function answerOf(pendings: readonly PendingReading[]): Answer {
  const results: ForwardedResult[] = [];
  for (const { outcome } of pendings) {
    const { status } = outcome!;
    if (status !== 'committed' && status !== 'duplicate') return null;
    results.push(status);
  }
  return results;
}
