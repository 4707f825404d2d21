import { createHash } from 'node:crypto';

/**
 * The id of the dead letter that element `index` of a message becomes: 16 hex digits of its content, so that a redelivered
 * bad message is the same letter.
 */
export function deadLetterId(topic: string, bytes: Uint8Array, index: number): string {
  return createHash('sha256')
    .update(topic)
    .update('\0')
    .update(bytes)
    .update(`\0${index}`)
    .digest('hex')
    .slice(0, 16);
}
