/**
 * What the broker takes from a client, looked at before Aedes sees it: whatever is malformed closes the connection, as
 * MQTT 3.1.1 asks for (4.8), and what MQTT has an answer for gets it.
 */
import { MalformedPacket, PacketFields } from './packet-fields.ts';
import type { RawPacket } from './packet-reader.ts';
import type { Refusal } from './refusals.ts';
import { filterProblem } from './topic-filter.ts';

export const CONNECT = 1;
export const PUBLISH = 3;
const PUBACK = 4;
const PUBREL = 6;
const PUBCOMP = 7;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;
const PINGREQ = 12;
export const DISCONNECT = 14;
/** CONNACK, SUBACK, UNSUBACK, PINGRESP. */
const SERVER_ONLY: ReadonlySet<number> = new Set([2, 9, 11, 13]);

export interface PacketLimits {
  /** Filters in one SUBSCRIBE or UNSUBSCRIBE. */
  readonly maxFilters: number;
  /** Longest keep-alive, s; 0: any, also none. */
  readonly maxKeepAliveSeconds: number;
}

/** A packet that Aedes does not get. */
export interface RefusedPacket {
  readonly reason: Refusal;
  readonly detail: string;
  /** Sent to the client. */
  readonly answer?: Buffer;
  /** Whether the connection ends. */
  readonly fatal: boolean;
}

const MAX_CLIENT_ID_3_1 = 23;
const REFUSED_SUBSCRIPTION = 0x80;
const UNACCEPTABLE_VERSION = 1;
const IDENTIFIER_REJECTED = 2;
const NOT_AUTHORIZED = 5;
/** Reason code of MQTT 5. */
const UNSUPPORTED_VERSION = 0x84;

/**
 * @returns how much work the packet is, 1 for most and the number of filters for subscriptions; or why it is refused
 */
export function checkPacket(packet: RawPacket, limits: PacketLimits): number | RefusedPacket {
  try {
    return check(packet, limits);
  } catch (error) {
    if (error instanceof MalformedPacket) return malformed(error.message);
    throw error;
  }
}

/** PUBACK, PUBREC, PUBREL, PUBCOMP. */
export function isAcknowledgement(type: number): boolean {
  return type >= PUBACK && type <= PUBCOMP;
}

/** Why a packet that begins like this is none of a client, or null. */
export function checkFirstByte(first: number): RefusedPacket | null {
  const [type, flags] = [first >> 4, first & 15];
  if (type === PUBLISH) return (flags & 6) !== 6 ? null : malformed('PUBLISH with QoS 3');
  if (type === 0 || type > DISCONNECT || SERVER_ONLY.has(type))
    return malformed(`packet type ${type} from a client`);
  const wanted = type === SUBSCRIBE || type === UNSUBSCRIBE || type === PUBREL ? 2 : 0;
  return flags === wanted ? null : malformed(`packet type ${type} with flags ${flags}`);
}

function check({ type, flags, bytes, body, end }: RawPacket, limits: PacketLimits): number | RefusedPacket {
  const fields = new PacketFields(bytes, body, end);
  if (type === PUBLISH) return checkPublish(flags, fields);
  const problem = checkFirstByte((type << 4) | flags);
  if (problem) return problem;
  switch (type) {
    case CONNECT:
      return checkConnect(fields, limits);
    case SUBSCRIBE:
    case UNSUBSCRIBE:
      return checkFilters(type, fields, limits);
    case PINGREQ:
    case DISCONNECT:
      return fields.left === 0 ? 1 : malformed(`packet type ${type} with a body`);
    default: // an acknowledgement
      fields.identifier();
      return fields.left === 0 ? 1 : malformed(`packet type ${type} that is too long`);
  }
}

function checkPublish(flags: number, fields: PacketFields): number | RefusedPacket {
  const qos = (flags >> 1) & 3;
  if (qos === 3) return malformed('PUBLISH with QoS 3');
  if (qos === 0 && flags & 8) return malformed('PUBLISH of QoS 0 that says it is sent again');
  fields.skipText();
  if (qos > 0) fields.identifier();
  return 1;
}

/** [MQTT-3.1.2-1 to 24, 3.1.3-1 to 11] */
function checkConnect(fields: PacketFields, limits: PacketLimits): number | RefusedPacket {
  const protocol = fields.text();
  const level = fields.byte();
  // A bridge sets the highest bit: Mosquitto's convention.
  const version = level & 0x7f;
  if (!(protocol === 'MQTT' && version >= 4) && !(protocol === 'MQIsdp' && version === 3))
    return protocol === 'MQTT' || protocol === 'MQIsdp' ? wrongVersion(level) : malformed('no MQTT protocol');
  if (protocol === 'MQTT' && version !== 4) return wrongVersion(level);
  const flags = fields.byte();
  const [user, password, willQos, will, clean] = [
    flags & 128,
    flags & 64,
    (flags >> 3) & 3,
    flags & 4,
    flags & 2,
  ];
  if (flags & 1) return malformed('CONNECT with its reserved flag');
  if (willQos === 3) return malformed('a will with QoS 3');
  if (!will && flags & 0x38) return malformed('CONNECT with flags of a will and no will');
  if (!user && password) return malformed('CONNECT with a password and no user name');
  const keepAlive = fields.number();
  const clientId = fields.text();
  if (will) {
    if (/^$|[+#]/.test(fields.text())) return malformed('a will whose topic is none');
    fields.binary();
  }
  if (user) fields.skipText();
  if (password) fields.binary();
  if (fields.left > 0) return malformed('CONNECT that is too long');
  if (clientId === '' && (!clean || version === 3))
    return refusedConnect('client-id', IDENTIFIER_REJECTED, 'an empty client id needs a clean session');
  if (version === 3 && Buffer.byteLength(clientId) > MAX_CLIENT_ID_3_1)
    return refusedConnect('client-id', IDENTIFIER_REJECTED, 'a client id of MQTT 3.1 has 23 bytes at most');
  const { maxKeepAliveSeconds: most } = limits;
  if (most > 0 && (keepAlive === 0 || keepAlive > most))
    return refusedConnect(
      'keep-alive',
      NOT_AUTHORIZED,
      `keep-alive of ${keepAlive} s, the longest is ${most} s`,
    );
  return 1;
}

/**
 * A client of MQTT 5 gets the answer of MQTT 5, so that it understands and falls back; any other the one of MQTT 3.1.1
 * [MQTT-3.1.2-2].
 */
function wrongVersion(level: number): RefusedPacket {
  const detail = `protocol level ${level}`;
  if (level !== 5) return refusedConnect('protocol-version', UNACCEPTABLE_VERSION, detail);
  const answer = Buffer.from([0x20, 3, 0, UNSUPPORTED_VERSION, 0]);
  return { reason: 'protocol-version', detail, answer, fatal: true };
}

function checkFilters(
  type: typeof SUBSCRIBE | typeof UNSUBSCRIBE,
  fields: PacketFields,
  { maxFilters }: PacketLimits,
): number | RefusedPacket {
  const id = fields.identifier();
  let count = 0;
  for (; fields.left > 0; count++) {
    // Those beyond the limit are only counted: they are all refused.
    if (count < maxFilters) {
      const problem = filterProblem(fields.text());
      if (problem) return malformed(problem);
    } else fields.binary();
    if (type === SUBSCRIBE && fields.byte() > 2) return malformed('SUBSCRIBE with a QoS above 2');
  }
  if (count === 0) return malformed('a subscription without filters');
  if (count <= maxFilters) return count;
  const detail = `${count} filters, ${maxFilters} are allowed`;
  if (type === UNSUBSCRIBE) return { reason: 'subscriptions-of-packet', detail, fatal: true };
  const answer = refusedSubscriptions(id, count);
  return { reason: 'subscriptions-of-packet', detail, answer, fatal: false };
}

/** A SUBACK that refuses all. */
function refusedSubscriptions(id: number, count: number): Buffer {
  const header = [0x90];
  let length = 2 + count;
  do {
    header.push((length & 127) | (length > 127 ? 128 : 0));
    length >>>= 7;
  } while (length > 0);
  return Buffer.concat([
    Buffer.from([...header, id >> 8, id & 255]),
    Buffer.alloc(count, REFUSED_SUBSCRIPTION),
  ]);
}

function refusedConnect(reason: Refusal, code: number, detail: string): RefusedPacket {
  return { reason, detail, answer: Buffer.from([0x20, 2, 0, code]), fatal: true };
}

function malformed(detail: string): RefusedPacket {
  return { reason: 'malformed', detail, fatal: true };
}
