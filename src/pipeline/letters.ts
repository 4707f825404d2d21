/** The dead letters of messages, and elements of messages, that can never be stored as they are. */

import type { DeadLetter } from '../domain/dead-letter.ts';
import type { Problem } from '../domain/decoded.ts';
import { deadLetterIds } from './dead-letter-id.ts';
import type { PendingReading, Ticket } from './ticket.ts';

export interface Refused {
  readonly pending: PendingReading;
  readonly problem: Problem;
}

export interface Letter extends Omit<DeadLetter, 'count' | 'firstTs'> {
  readonly packetId: number | undefined;
}

/**
 * Makes one letter of each bad message and each bad element, unless these are very many: see `deadLetterIds`.
 * @param refused of messages, not of requests
 */
export function lettersOf(refused: readonly Refused[], lastTs: number): Letter[] {
  const messages = new Map<Ticket, { idOf: (index: number) => string; ids: Set<string> }>();
  return refused.flatMap(({ pending: { ticket, index }, problem: { reason, detail } }) => {
    const { topic, bytes, packetId } = ticket.message!;
    let message = messages.get(ticket);
    if (!message) {
      message = { idOf: deadLetterIds(topic, bytes, ticket.elements), ids: new Set() };
      messages.set(ticket, message);
    }
    const id = message.idOf(index);
    if (message.ids.has(id)) return [];
    message.ids.add(id);
    return [{ id, topic, bytes, reason, detail, lastTs, packetId }];
  });
}
