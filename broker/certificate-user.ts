/** The user name in a client certificate. */
import type { PeerCertificate, TLSSocket } from 'node:tls';

/** Where in the certificate: its common name, or the alternative name of a type. */
export type CertificateField = 'cn' | 'san-dns' | 'san-email' | 'san-uri';

const SAN_TYPES = { 'san-dns': 'DNS:', 'san-email': 'email:', 'san-uri': 'URI:' } as const;

/** The certificate that the client has shown and that was verified; null where there is none. */
export function shownCertificate(socket: unknown): PeerCertificate | null {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>;
  if (authorized !== true || typeof getPeerCertificate !== 'function') return null;
  const certificate = getPeerCertificate.call(socket);
  return certificate && Object.keys(certificate).length > 0 ? certificate : null;
}

/** The one name in that field; null where there is none, or more than one. */
export function userOf(certificate: PeerCertificate, field: CertificateField): string | null {
  const names = field === 'cn' ? commonNames(certificate) : alternativeNames(certificate, SAN_TYPES[field]);
  const [name] = names;
  return names.length === 1 && typeof name === 'string' && isName(name) ? name : null;
}

/** Node gives an array where the subject has several. */
function commonNames({ subject }: PeerCertificate): unknown[] {
  return subject?.CN === undefined ? [] : [subject.CN].flat();
}

/** Node writes them as `DNS:a, URI:b`, and as a JSON string what has a comma or a quotation mark. */
function alternativeNames({ subjectaltname = '' }: PeerCertificate, type: string): string[] {
  const entries = subjectaltname.match(/[a-zA-Z ]+:(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? [];
  return entries
    .map((entry) => entry.trim())
    .filter((entry) => entry.startsWith(type))
    .map((entry) => entry.slice(type.length));
}

/** Not empty, not quoted by Node for what is in it, without control characters. */
function isName(name: string): boolean {
  return /^[^"\p{Cc}]+$/u.test(name);
}
