import { Access } from '../../broker/access.ts';
import { tlsOptions } from '../../broker/tls.ts';
import { Accounts } from '../access/accounts.ts';
import { ConfigurationError } from '../errors.ts';
import { checkTrustProxy } from '../http/middleware/trust-proxy.ts';
import type { Config } from '../settings/config.ts';
import { brokerAccess } from './broker-options.ts';

/** What a start would find wrong with settings that are each well-formed. Each is tried as the start would use it. */
export function settingProblems(config: Config): string[] {
  const { users, accessList } = brokerAccess(config);
  const { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa } = config.broker;
  const steps = [
    () => new Access({ ...(users !== undefined && { users }) }),
    () => new Access({ ...(accessList !== undefined && { accessList }) }),
    () =>
      cert !== undefined &&
      key !== undefined &&
      tlsOptions({ cert, key, ...(clientCa !== undefined && { clientCa }) }, 'MQTT_TLS_CERT, MQTT_TLS_KEY'),
    () => new Accounts(config.http.users, config.http.token),
    () => checkTrustProxy(config.http.trustProxy),
  ];
  return steps.flatMap((step) => {
    try {
      step();
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return [error.message];
    }
  });
}
