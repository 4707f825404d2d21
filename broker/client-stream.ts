/**
 * A connection as Aedes sees it. Between the socket and Aedes it
 *
 * - looks at each packet first (packet-check.ts) and lets through what is well-formed;
 * - gives out a bounded amount of work at a time, and the next when Aedes has done with it, so that other connections
 *   have their turn in between;
 * - hands over CONNECT and DISCONNECT alone, and keeps the end of the connection back until the packets before it are
 *   through: a client that connects, publishes and is gone in one write loses nothing.
 */
import { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import {
  CONNECT,
  checkFirstByte,
  checkPacket,
  DISCONNECT,
  isAcknowledgement,
  type PacketLimits,
  type RefusedPacket,
} from './packet-check.ts';
import { PacketReader, PacketSizeError, type RawPacket } from './packet-reader.ts';
import type { Refusal } from './refusals.ts';
import type { UnfinishedPackets } from './unfinished-packets.ts';

/** Who is at the other end. */
export interface Peer {
  /** IP address; empty where there is none. */
  readonly address: string;
  /** The setting of the listener, e.g. `MQTT_TLS_PORT`. */
  readonly listener: string;
  /** Of TLS: the socket that has the client's certificate. */
  readonly socket: Duplex;
}

export interface ClientStreamOptions {
  readonly peer: Peer;
  readonly limits: PacketLimits & { readonly maxPacketBytes: number };
  readonly unfinished: UnfinishedPackets;
  readonly onRefused: (reason: Refusal, details: object) => void;
}

/** Aedes handles at once what it is given at once. */
const WORK_AT_ONCE = 1000;
/** How long a closing connection may take to pass its last bytes on, ms. */
const LINGER_MS = 1000;

interface Portion {
  bytes: Buffer;
  work: number;
  readonly kind: 'connect' | 'disconnect' | 'others';
}

export class ClientStream extends Duplex {
  /** As the client has given it. */
  clientId = '';
  /** ms UTC */
  readonly openedAt = Date.now();
  /** When bytes last came in, ms UTC. */
  seenAt = this.openedAt;
  /** What the CONNACK says: set before it is sent. */
  sessionPresent = false;
  private readonly reader: PacketReader;
  private readonly portions: Portion[] = [];
  /** Aedes has done with all that it was given. */
  private idle = true;
  /** Aedes may take the first portion. */
  private offered = false;
  private pullScheduled = false;
  private connection: 'new' | 'connecting' | 'ready' = 'new';
  private connectSeen = false;
  private ended = false;
  private ending = false;
  private connackSent = false;
  private blocked: (() => void) | null = null;
  /** Why the connection ends: found in what was read, and due when the packets before it are through. */
  private failure: Error | null = null;

  constructor(
    private readonly transport: Duplex,
    private readonly options: ClientStreamOptions,
  ) {
    super({ writableHighWaterMark: transport.writableHighWaterMark });
    this.reader = new PacketReader(
      options.limits.maxPacketBytes,
      (packet) => this.takePacket(packet),
      (first) => this.checkBeginning(first),
    );
    transport.on('readable', () => this.pull());
    transport.on('drain', () => this.unblock());
    transport.on('end', () => this.finish());
    // What is left of it is told by `close`.
    transport.on('error', () => undefined);
    transport.on('close', () => {
      this.unblock();
      this.finish();
    });
  }

  get peer(): Peer {
    return this.options.peer;
  }

  /** The client is gone and has left nothing to do. */
  get abandoned(): boolean {
    return this.destroyed || (this.ended && this.portions.length === 0);
  }

  /** The other end has gone: what is written now reaches nobody. */
  get gone(): boolean {
    return this.destroyed || this.transport.destroyed;
  }

  /** Memory of a packet that is not whole yet. */
  get unfinishedBytes(): number {
    return this.reader.held;
  }

  /** Aedes has accepted the CONNECT: it may have what came behind it. */
  ready(): void {
    this.connection = 'ready';
  }

  /** Takes what has come in so far, and closes the connection. */
  endSoon(): void {
    this.ending = true;
    this.schedulePull();
  }

  /** Closes the connection for a reason of the broker's own. */
  refuse(reason: Refusal, details: object, answer?: Buffer): void {
    if (this.destroyed) return;
    this.options.onRefused(reason, details);
    if (answer && this.transport.writable) this.transport.write(answer);
    this.destroy();
  }

  /** Aedes asks for more when it has done with what it had. It gets that a turn of the event loop later. */
  override read(size?: number): Buffer | null {
    // Node's own streams ask for nothing, to get things going.
    if (size === 0 || this.connection === 'connecting') return null;
    if (this.offered) {
      this.offered = false;
      const { kind, bytes } = this.portions.shift()!;
      if (kind === 'connect') this.connection = 'connecting';
      return bytes;
    }
    this.idle = true;
    this.schedulePull();
    return null;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.transport.writable) done();
    else if (this.transport.write(this.firstBytes(chunk))) done();
    else this.blocked = done;
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.portions.length = 0;
    this.options.unfinished.forget(this);
    this.unblock();
    const { transport } = this;
    if (!transport.destroyed) {
      transport.end();
      // What is still to come is thrown away: unread bytes would make the system drop our last ones.
      transport.removeAllListeners('readable').resume();
      const timer = setTimeout(() => transport.destroy(), LINGER_MS);
      transport.once('close', () => clearTimeout(timer));
    }
    done(error);
  }

  private schedulePull(): void {
    if (this.pullScheduled) return;
    this.pullScheduled = true;
    setImmediate(() => {
      this.pullScheduled = false;
      this.pull();
    });
  }

  /** Reads on, if Aedes is waiting. */
  private pull(): void {
    if (this.destroyed) return;
    if (!this.idle) {
      // Lets the end come through where nothing is left to read.
      if (this.transport.readableLength === 0) this.transport.read(0);
      return;
    }
    while (this.portions.length === 0) {
      if (this.failure) {
        this.destroy();
        return;
      }
      const chunk: unknown = this.transport.read();
      if (!Buffer.isBuffer(chunk)) {
        if (this.ended || this.ending) this.destroy();
        return;
      }
      this.readChunk(chunk);
      if (this.destroyed) return;
    }
    this.idle = false;
    this.offered = true;
    this.emit('readable');
  }

  private readChunk(chunk: Buffer): void {
    if (this.failure) return;
    this.seenAt = Date.now();
    try {
      this.reader.read(chunk);
    } catch (error) {
      if (!(error instanceof PacketSizeError)) throw error;
      this.fail('packet-size', { detail: error.message });
    }
    this.options.unfinished.note(this);
  }

  /** @returns false if the connection ends */
  private checkBeginning(first: number): boolean {
    const problem = checkFirstByte(first);
    if (problem) this.reject(problem);
    else if (first >> 4 === CONNECT && this.connectSeen)
      this.fail('malformed', { detail: 'a second CONNECT' });
    else if (first >> 4 !== CONNECT && !this.connectSeen)
      this.fail('malformed', { detail: 'the first packet is no CONNECT' });
    return this.failure === null;
  }

  private takePacket(packet: RawPacket): void {
    const { type, bytes, start, end } = packet;
    if (this.failure || !this.checkBeginning(bytes[start] as number)) return;
    this.connectSeen = true;
    const work = checkPacket(packet, this.options.limits);
    if (typeof work === 'object') {
      this.reject(work);
      return;
    }
    const kind = type === CONNECT ? 'connect' : type === DISCONNECT ? 'disconnect' : 'others';
    const last = this.portions.at(-1);
    if (last?.kind !== 'disconnect') this.append({ bytes: bytes.subarray(start, end), work, kind });
    else if (isAcknowledgement(type)) {
      // MQTT.js sends acknowledgements behind its DISCONNECT; they are of use.
      this.portions.pop();
      this.append({ bytes: bytes.subarray(start, end), work, kind });
      this.portions.push(last);
    }
  }

  private append(portion: Portion): void {
    const last = this.portions.at(-1);
    const { bytes, work } = portion;
    const joins =
      last?.kind === 'others' &&
      portion.kind === 'others' &&
      last.work + work <= WORK_AT_ONCE &&
      last.bytes.buffer === bytes.buffer &&
      last.bytes.byteOffset + last.bytes.length === bytes.byteOffset;
    if (!joins) {
      this.portions.push(portion);
      return;
    }
    last.bytes = Buffer.from(bytes.buffer, last.bytes.byteOffset, last.bytes.length + bytes.length);
    last.work += work;
  }

  private reject({ reason, detail, answer, fatal }: RefusedPacket): void {
    if (fatal) this.fail(reason, { detail }, answer);
    else {
      this.options.onRefused(reason, this.described({ detail }));
      if (answer && this.transport.writable) this.transport.write(answer);
    }
  }

  private fail(reason: Refusal, details: object, answer?: Buffer): void {
    this.options.onRefused(reason, this.described(details));
    if (answer && this.transport.writable) this.transport.write(answer);
    this.failure = new Error(reason);
  }

  private described(details: object): object {
    return { address: this.peer.address, ...details };
  }

  private finish(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.idle && this.portions.length === 0) this.destroy();
  }

  private unblock(): void {
    const done = this.blocked;
    this.blocked = null;
    done?.();
  }

  /** The CONNACK says whether there is a session, which Aedes tells by its subscriptions alone [MQTT-3.2.2-2]. */
  private firstBytes(bytes: Buffer): Buffer {
    if (this.connackSent) return bytes;
    this.connackSent = true;
    if (!this.sessionPresent || bytes[0] !== 0x20 || bytes[3] !== 0) return bytes;
    const connack = Buffer.from(bytes);
    connack[2] = 1;
    return connack;
  }
}

/** The connection of a client: Aedes is given nothing else. */
export function streamOf(client: Client): ClientStream {
  return client.conn as unknown as ClientStream;
}
