import express, { type Express } from 'express';
import { ConfigurationError } from '../../errors.ts';

/** Finds before the start what the start would find. @throws ConfigurationError (field TRUST_PROXY) */
export function checkTrustProxy(text: string | undefined): void {
  trustProxy(express(), text);
}

/** @throws ConfigurationError (field TRUST_PROXY) */
export function trustProxy(app: Express, text: string | undefined): void {
  if (text === undefined) return;
  try {
    app.set('trust proxy', /^\d+$/.test(text) ? Number(text) : text);
  } catch (cause) {
    throw new ConfigurationError(
      `TRUST_PROXY: must be a number of proxies or a list of addresses, such as 10.0.0.0/8 (is '${text}')`,
      { field: 'TRUST_PROXY', cause },
    );
  }
}
