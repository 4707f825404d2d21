/** TLS of a listening endpoint: certificate, key, and who must show a certificate of their own. */
import { constants } from 'node:crypto';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { ConfigurationError } from '../src/errors.ts';

/** PEM texts. */
export interface TlsCredentials {
  /** The broker's certificate, followed by those between it and its authority. */
  readonly cert: string;
  readonly key: string;
  /** If given, clients must show a certificate that one of these authorities has signed. */
  readonly clientCa?: string;
  /** Certificates that these authorities have taken back; one list for each authority. */
  readonly crl?: string;
}

/**
 * What Node's servers take.
 * @param setting for the error, e.g. `MQTT_TLS_PORT`
 * @throws ConfigurationError (field: the setting) if key and certificate cannot be used, or do not belong together
 */
export function tlsOptions({ cert, key, clientCa, crl }: TlsCredentials, setting: string): TlsOptions {
  const options: TlsOptions = {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ...(clientCa !== undefined && {
      ca: clientCa,
      requestCert: true,
      rejectUnauthorized: true,
      // A session that is resumed would not be checked again.
      secureOptions: constants.SSL_OP_NO_TICKET,
      ...(crl !== undefined && { crl }),
    }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(`${setting}: the TLS certificate or key cannot be used: ${reason}`, {
      field: setting,
      cause,
    });
  }
  return options;
}
