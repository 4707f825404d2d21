/** A message of MQTT on its way through the pipeline. Bad readings of a message become dead letters. */
export interface Message {
  readonly topic: string;
  readonly bytes: Uint8Array;
  /** The broker had kept the message, so nobody knows its age: readings in it without `ts` are ignored. */
  readonly retained?: boolean;
  /** The packet identifier, under which an external broker logs the message. */
  readonly packetId?: number | undefined;
  /** The user who has published it, where the broker tells. */
  readonly user?: string | undefined;
  /** Called once, when everything in the message is stored; never called otherwise. */
  ack(): void;
  /** Something in the message has to wait, perhaps for long: later messages may be acknowledged before it. */
  leaveAckOrder?(): void;
}
