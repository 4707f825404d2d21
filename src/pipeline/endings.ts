/** Gives readings their outcomes, finishes the tickets whose last reading has ended, and counts both. */
import type { Outcome } from '../domain/outcome.ts';
import type { StoreUnavailable } from '../errors.ts';
import type { Accounting } from './accounting.ts';
import type { Group } from './reading-queue.ts';
import type { PendingReading, Ticket } from './ticket.ts';

export class Endings {
  constructor(private readonly accounting: Accounting) {}

  /** One reading has ended. Does nothing where its request was given up. */
  resolve(pending: PendingReading, outcome: Outcome): void {
    const { ticket } = pending;
    if (ticket.failed) return;
    const { accounting } = this;
    if (ticket.counted) {
      if (outcome.status === 'committed' || outcome.status === 'duplicate') accounting.ended(outcome.status);
      else accounting.ended(ticket.message ? 'dead_lettered' : 'rejected');
      if (outcome.status === 'rejected' && ticket.message) accounting.deadLettered(outcome.reason);
    }
    pending.outcome = outcome;
    ticket.remaining--;
    if (ticket.remaining > 0) return;
    accounting.finished(ticket);
    ticket.done();
  }

  /** Gives up a request. */
  failTicket(ticket: Ticket, error: StoreUnavailable): void {
    if (ticket.failed || ticket.remaining === 0) return;
    ticket.failed = true;
    const { accounting } = this;
    if (ticket.counted) accounting.ended('rejected', ticket.remaining);
    accounting.finished(ticket);
    ticket.fail(error);
  }

  /** Gives up the requests among these; messages go on waiting. */
  failRequests(error: StoreUnavailable, pendings: Iterable<PendingReading>): void {
    for (const { ticket } of pendings) if (!ticket.message) this.failTicket(ticket, error);
  }
}

/** The groups without what was given up and what has an outcome already. */
export function unfinished(groups: readonly Group[]): Group[] {
  const waits = ({ ticket, outcome }: PendingReading) => !ticket.failed && !outcome;
  for (const group of groups) {
    // Nearly always all of them.
    if (!group.pendings.every(waits)) group.pendings = group.pendings.filter(waits);
  }
  return groups.filter(({ pendings }) => pendings.length > 0);
}
