import { createHash } from 'node:crypto';

/** Size that the dead letters of one message may have together. Each has the whole message. More bad elements share letters. */
const MESSAGE_BYTES = 1_000_000;

/**
 * Names the dead letters of a message by its content, so that a redelivered bad message is the same letter: 16 hex digits.
 * @param elements how many readings and bad elements it has
 * @returns the id of the letter that element `index` becomes
 */
export function deadLetterIds(topic: string, bytes: Uint8Array, elements: number): (index: number) => string {
  const message = createHash('sha256').update(topic).update('\0').update(bytes);
  const shared = Math.max(1, Math.ceil((elements * bytes.length) / MESSAGE_BYTES));
  return (index) => {
    const place = elements === 1 ? '0' : `+${index - (index % shared)}`;
    return message.copy().update(`\0${place}`).digest('hex').slice(0, 16);
  };
}
