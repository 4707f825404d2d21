/** Secrets that a first start makes for itself, so that a container which nobody has configured is not open to everybody. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError } from '../errors.ts';
import type { Config } from '../settings/config.ts';
import { openDoors, type Served } from './open-doors.ts';

const FILE = 'secrets.json';
/** The MQTT user that is made. */
const USERNAME = 'vigia';

const schema = z.object({ httpToken: z.string().min(1), mqttPassword: z.string().min(1) });
type Secrets = z.infer<typeof schema>;

/** 192 bits in characters that fit into a header and a command line. */
export const newSecret = (): string => randomBytes(24).toString('base64url');

/**
 * The settings with what they lack to be closed, with GENERATE_SECRETS=yes. It is kept in DATA_DIR, so that it is the same
 * after a restart.
 * @returns the settings and what was filled in, for the person who starts it
 * @throws ConfigurationError (field DATA_DIR) if it cannot be kept
 */
export function withGeneratedSecrets(
  config: Config,
  served: Served,
): { readonly config: Config; readonly lines: readonly (readonly [name: string, text: string])[] } {
  const doors = openDoors(config, served);
  if (doors.length === 0 || config.http.generateSecrets === 'no' || config.http.allowAnonymous === 'yes')
    return { config, lines: [] };
  const { httpToken, mqttPassword } = keptSecrets(config.store.directory);
  const lines: (readonly [string, string])[] = [];
  let { http, mqtt } = config;
  if (doors.some((door) => door.startsWith('HTTP'))) {
    http = { ...http, token: httpToken };
    lines.push(['token', `${httpToken}  for HTTP`]);
  }
  if (doors.some((door) => door.startsWith('MQTT'))) {
    mqtt = { ...mqtt, username: USERNAME, password: mqttPassword };
    lines.push(['user', `${USERNAME}, password ${mqttPassword}  for MQTT`]);
  }
  return { config: { ...config, http, mqtt }, lines };
}

function keptSecrets(directory: string): Secrets {
  const path = join(directory, FILE);
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new ConfigurationError(`DATA_DIR: ${path} cannot be read; delete it to get new secrets`, {
        field: 'DATA_DIR',
        cause: error,
      });
    }
  }
  const secrets = { httpToken: newSecret(), mqttPassword: newSecret() };
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, JSON.stringify(secrets), { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new ConfigurationError(`DATA_DIR: the secrets that were made cannot be kept in ${path}`, {
      field: 'DATA_DIR',
      cause,
    });
  }
  return secrets;
}
