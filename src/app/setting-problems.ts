import { Access } from '../../broker/access.ts';
import { AccessList } from '../../broker/access-list.ts';
import { PasswordFile } from '../../broker/password-file.ts';
import { tlsOptions } from '../../broker/tls.ts';
import { Accounts } from '../access/accounts.ts';
import { ConfigurationError } from '../errors.ts';
import { checkTrustProxy } from '../http/middleware/trust-proxy.ts';
import type { Config } from '../settings/config.ts';
import { brokerAccess, brokerTls } from './broker-options.ts';

/** What a start would find wrong with settings that are each well-formed. Each is tried as the start would use it. */
export function settingProblems(config: Config): string[] {
  const access = brokerAccess(config);
  const tls = brokerTls(config);
  const steps = [
    () => access.users !== undefined && new PasswordFile(access.users, 'MQTT_USERS'),
    () => access.accessList !== undefined && new AccessList(access.accessList, 'MQTT_ACL'),
    () => new Access(access),
    () => tls && tlsOptions(tls, 'MQTT_TLS_CERT, MQTT_TLS_KEY'),
    () => new Accounts(config.http.users, config.http.token),
    () => checkTrustProxy(config.http.trustProxy),
  ];
  const problems = steps.flatMap((step) => {
    try {
      step();
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return [error.message];
    }
  });
  return [...new Set(problems)];
}
