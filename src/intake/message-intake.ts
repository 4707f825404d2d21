/**
 * Where bytes become readings: decodes each message before the pipeline gets it. Dead letters are decoded here again when they
 * are replayed.
 */
import type { Message } from '../pipeline/message.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Replay } from '../pipeline/replay.ts';
import type { Decoder, MessageContext } from '../sources/decoder.ts';
import type { SparkplugBirths } from './sparkplug-births.ts';

export class MessageIntake {
  constructor(
    private readonly decoder: Pick<Decoder, 'decode'>,
    private readonly pipeline: Pick<Pipeline, 'deliver' | 'replay'>,
    private readonly births: Pick<SparkplugBirths, 'prepare'> | null = null,
    /** Of a payload, bytes. */
    private readonly maxPayload = Number.POSITIVE_INFINITY,
  ) {}

  /**
   * Takes in a message. Its `ack` is called once everything in it is stored, at once if it says nothing.
   * @param publisher what the broker tells of who has published
   * @returns how many readings are in it
   */
  receive(message: Message, publisher?: MessageContext): number {
    const { topic, bytes } = message;
    if (bytes.length > this.maxPayload) return this.refuse(message);
    const prepared = this.births?.prepare(topic, bytes) ?? null;
    if (prepared === null) return this.take(message, publisher);
    message.leaveAckOrder?.();
    const kept: Message = {
      topic,
      // They may be a view of a buffer that is used again.
      bytes: Buffer.from(bytes),
      packetId: message.packetId,
      user: message.user,
      ...(message.retained !== undefined && { retained: message.retained }),
      ack: () => message.ack(),
      leaveAckOrder: () => message.leaveAckOrder?.(),
    };
    void prepared.then(() => this.take(kept, publisher));
    return 1;
  }

  /** A dead letter of what is too large: the begin of it is kept. */
  private refuse(message: Message): number {
    const { topic, bytes, packetId } = message;
    const detail = `the payload has ${bytes.length} bytes, more than MAX_PAYLOAD (${this.maxPayload}); the first ${this.maxPayload} are kept`;
    const kept: Message = {
      topic,
      bytes: Buffer.from(bytes.subarray(0, this.maxPayload)),
      packetId,
      ack: () => message.ack(),
      leaveAckOrder: () => message.leaveAckOrder?.(),
    };
    const problem = { field: 'payload', reason: 'too-large', detail };
    return this.pipeline.deliver(kept, [{ problem }], performance.now());
  }

  private take(message: Message, publisher: MessageContext | undefined): number {
    const arrived = performance.now();
    const elements = this.decoder.decode(message.topic, message.bytes, publisher);
    return this.pipeline.deliver(message, elements, arrived);
  }

  /** See `Replay`. */
  readonly replay: Replay = (letter) =>
    this.pipeline.replay(letter, this.decoder.decode(letter.topic, letter.bytes));
}
