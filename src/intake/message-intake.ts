/**
 * Where bytes become readings: decodes each message before the pipeline gets it. Dead letters are decoded here again when they
 * are replayed.
 */
import type { Message } from '../pipeline/message.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Replay } from '../pipeline/replay.ts';
import type { Decoder, MessageContext } from '../sources/decoder.ts';

export class MessageIntake {
  constructor(
    private readonly decoder: Pick<Decoder, 'decode'>,
    private readonly pipeline: Pick<Pipeline, 'deliver' | 'replay'>,
  ) {}

  /**
   * Takes in a message. Its `ack` is called once everything in it is stored, at once if it says nothing.
   * @param publisher what the broker tells of who has published
   * @returns how many readings are in it
   */
  receive(message: Message, publisher?: MessageContext): number {
    const arrived = performance.now();
    const elements = this.decoder.decode(message.topic, message.bytes, publisher);
    return this.pipeline.deliver(message, elements, arrived);
  }

  /** See `Replay`. */
  readonly replay: Replay = (letter) =>
    this.pipeline.replay(letter, this.decoder.decode(letter.topic, letter.bytes));
}
