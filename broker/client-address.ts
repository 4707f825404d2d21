/** Which network address a client counts for. */
import { ipKeyGenerator } from 'express-rate-limit';

const IPV6_PREFIX = 56;

/** An IPv4 address, or the /56 of an IPv6 address, of which one customer usually has all; empty stays empty. */
export function clientAddress(ip: string): string {
  const plain = ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip;
  return plain === '' ? '' : ipKeyGenerator(plain, IPV6_PREFIX);
}
