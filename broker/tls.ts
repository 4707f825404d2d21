/** TLS of a listening endpoint: certificate, key, and who must show a certificate of their own. */
import { createSecureContext, type TlsOptions } from 'node:tls';
import { ConfigurationError } from '../src/errors.ts';

/** PEM texts. */
export interface TlsCredentials {
  /** The broker's certificate, followed by those between it and its authority. */
  readonly cert: string;
  readonly key: string;
  /** If given, clients must show a certificate that one of these authorities has signed. */
  readonly clientCa?: string;
}

/**
 * What Node's servers take.
 * @param setting for the error, e.g. `MQTT_TLS_PORT`
 * @throws ConfigurationError (field: the setting) if key and certificate cannot be used, or do not belong together
 */
export function tlsOptions({ cert, key, clientCa }: TlsCredentials, setting: string): TlsOptions {
  const options: TlsOptions = {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
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
