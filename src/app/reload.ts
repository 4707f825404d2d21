/** What SIGHUP does in a running process. */
import type { Logger } from 'pino';
import type { Broker } from '../../broker/broker.ts';
import { Accounts } from '../access/accounts.ts';
import type { StoredRules } from '../alerts/stored-rules.ts';
import type { Live } from '../http/live/live.ts';
import { changedSettings, takeOver } from '../settings/changes.ts';
import type { Config } from '../settings/config.ts';
import { brokerAccess, brokerTls } from './broker-options.ts';

export interface Reloaded {
  readonly broker: Broker | null;
  readonly rules: StoredRules;
  readonly live: Live;
  readonly logger: Logger;
}

/**
 * Takes over what a running process can take over, and logs the names of these settings and of those that need a restart.
 * @returns the settings that are in force now
 * @throws ConfigurationError; nothing has changed then
 */
export function reload(current: Config, next: Config, { broker, rules, live, logger }: Reloaded): Config {
  const changed = changedSettings(current, next);
  const merged = takeOver(current, next, changed.reload);
  // These steps alone can fail, and they change nothing then.
  new Accounts(merged.http.users, merged.http.token);
  broker?.setAccess(brokerAccess(merged), brokerTls(merged));
  if (changed.reload.includes('ALERT_RULES')) rules.configure(merged.alerts.rules ?? []);
  if (changed.reload.includes('LOG_LEVEL')) logger.level = merged.process.logLevel;
  if (changed.reload.includes('HTTP_TOKEN') || changed.reload.includes('HTTP_USERS')) live.dropClients();
  logger.info({ settings: changed.reload }, 'settings read again');
  if (changed.restart.length > 0) {
    logger.warn({ settings: changed.restart }, 'changed settings that need a restart');
  }
  return merged;
}
