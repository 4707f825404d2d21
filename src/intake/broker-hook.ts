/**
 * Intake of the built-in broker. The broker acknowledges a publish only after it is stored, so the sensor's PUBACK means
 * stored. Publishes on topics that no source takes pass at once, and are counted. A bad payload becomes a dead letter and
 * passes too, because a denial would disconnect the device.
 */
import type { Decoder } from '../sources/decoder.ts';
import type { MessageIntake } from './message-intake.ts';
import type { UnmatchedLog } from './unmatched-log.ts';

/** What the broker knows of who has published. */
interface Publisher {
  readonly clientId?: string;
  readonly username?: string | undefined;
}

/** @returns what the broker awaits before it acknowledges and forwards a publish */
export function brokerHook(
  intake: Pick<MessageIntake, 'receive'>,
  decoder: Pick<Decoder, 'takes' | 'unmatched'>,
  unmatched: Pick<UnmatchedLog, 'look'>,
  now: () => number = Date.now,
): (topic: string, payload: Uint8Array, publisher?: Publisher) => Promise<void> {
  return (topic, bytes, publisher = {}) => {
    if (decoder.takes(topic)) {
      return new Promise((ack) => {
        intake.receive({ topic, bytes, ack, user: publisher.username }, publisher);
      });
    }
    decoder.unmatched.add(topic, now(), bytes);
    unmatched.look();
    return Promise.resolve();
  };
}
