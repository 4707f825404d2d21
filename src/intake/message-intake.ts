/**
 * Where bytes become readings: decodes each message before the pipeline gets it. Dead letters are decoded here again when they
 * are replayed.
 */
import type { Decoder } from '../codecs/decode.ts';
import type { Message } from '../pipeline/message.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Replay } from '../pipeline/replay.ts';

export class MessageIntake {
  constructor(
    private readonly decoder: Pick<Decoder, 'decode'>,
    private readonly pipeline: Pick<Pipeline, 'deliver' | 'replay'>,
  ) {}

  /** Takes in a message. Its `ack` is called once everything in it is stored. @returns how many readings are in it */
  receive(message: Message): number {
    const arrived = performance.now();
    const elements = this.decoder.decode(message.topic, message.bytes);
    return this.pipeline.deliver(message, elements, arrived);
  }

  /** See `Replay`. */
  readonly replay: Replay = (letter) =>
    this.pipeline.replay(letter, this.decoder.decode(letter.topic, letter.bytes));
}
