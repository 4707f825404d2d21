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

export interface Authority {
  readonly ca: string;
  readonly signed: Certificate[];
  /** The list of those that it has taken back. */
  revoke(...revoked: Certificate[]): string;
}

/**
 * A new authority, and certificates for 127.0.0.1 that it has signed, one for each name.
 * @param names common name, or a subject that begins with `/` and, behind a space, further alternative names
 */
export function certificates(...names: string[]): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'vigia-test-'));
  const at = (name: string) => join(directory, name);
  const read = (name: string) => readFileSync(at(name), 'utf8');
  const openssl = (...args: string[]) => execFileSync(OPENSSL!, args, { stdio: 'pipe' });
  try {
    openssl(
      ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test authority'],
      ...['-keyout', at('ca.key'), '-out', at('ca.pem')],
    );
    const signed = names.map((name) => {
      const [subject, more] = name.startsWith('/') ? name.split(' ') : [`/CN=${name}`];
      writeFileSync(at('names'), `subjectAltName=IP:127.0.0.1${more === undefined ? '' : `,${more}`}`);
      openssl('req', ...newKey, '-subj', subject!, '-keyout', at('key'), '-out', at('request'));
      openssl(
        ...['x509', '-req', '-in', at('request'), '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
        ...['-CAcreateserial', '-days', '2', '-extfile', at('names'), '-out', at('cert')],
      );
      return { cert: read('cert'), key: read('key') };
    });
    const [ca, key] = [read('ca.pem'), read('ca.key')];
    return { ca, signed, revoke: (...revoked) => revocationList({ cert: ca, key }, revoked) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function revocationList(ca: Certificate, revoked: readonly Certificate[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'vigia-test-'));
  const at = (name: string) => join(directory, name);
  try {
    writeFileSync(at('ca.pem'), ca.cert);
    writeFileSync(at('ca.key'), ca.key);
    writeFileSync(at('index'), '');
    writeFileSync(
      at('config'),
      ['[ca]', 'default_ca=own', '[own]', `database=${at('index')}`, 'default_md=sha256'].join('\n'),
    );
    const authority = ['ca', '-config', at('config'), '-cert', at('ca.pem'), '-keyfile', at('ca.key')];
    for (const { cert } of revoked) {
      writeFileSync(at('cert'), cert);
      execFileSync(OPENSSL!, [...authority, '-revoke', at('cert')], { stdio: 'pipe' });
    }
    execFileSync(OPENSSL!, [...authority, '-gencrl', '-crldays', '2', '-out', at('crl')], { stdio: 'pipe' });
    return readFileSync(at('crl'), 'utf8');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
