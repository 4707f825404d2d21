/** Certificates for TLS tests, made with openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './program.ts';

export const OPENSSL = findProgram('openssl');

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A new authority, and certificates for 127.0.0.1 that it has signed, one for each name. */
export function certificates(...names: string[]): { readonly ca: string; readonly signed: Certificate[] } {
  const directory = mkdtempSync(join(tmpdir(), 'vigia-test-'));
  const at = (name: string) => join(directory, name);
  const read = (name: string) => readFileSync(at(name), 'utf8');
  const openssl = (...args: string[]) => execFileSync(OPENSSL!, args, { stdio: 'pipe' });
  try {
    openssl(
      ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test authority'],
      ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
    );
    writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1');
    const signed = names.map((name) => {
      openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', at('key'), '-out', at('request'));
      openssl(
        ...['x509', '-req', '-in', at('request'), '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
        ...['-CAcreateserial', '-days', '2', '-extfile', at('names'), '-out', at('cert')],
      );
      return { cert: read('cert'), key: read('key') };
    });
    return { ca: read('ca.pem'), signed };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
