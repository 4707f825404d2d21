/** `vigia secrets`: everything that a Vigía on a network needs to be closed, in files of their own. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { passwordLine } from '../../broker/password-file.ts';
import { newSecret } from '../app/generated-secrets.ts';
import { ConfigurationError } from '../errors.ts';
import { say } from './terminal.ts';

const ACL = `# Who may do what at the built-in broker. Each device may have a user of its own: vigia passwd NAME
user sensors
topic write sensors/#

user bridge
topic read sensors/#
topic read $share/vigia/#
topic write alerts/#
topic readwrite bridge/#
`;

export function secretsCommand(): Command {
  return new Command('secrets')
    .description(
      'makes an HTTP token, MQTT users with passwords and an access list, and prints how to start with them',
    )
    .option('--dir <directory>', 'where the files go; only their owner can read them', 'secrets')
    .action(async ({ dir }: { dir: string }) => {
      const passwords = { sensors: newSecret(), bridge: newSecret() };
      const token = newSecret();
      const users = await Promise.all(
        Object.entries(passwords).map(([user, password]) => passwordLine(user, password)),
      );
      writeSecrets(dir, {
        http_token: `${token}\n`,
        mqtt_users: `${users.join('\n')}\n`,
        mqtt_acl: ACL,
      });
      say([
        ['token', `${token}  for HTTP`],
        ...Object.entries(passwords).map(
          ([user, password]) => ['user', `${user}, password ${password}  for MQTT`] as const,
        ),
      ]);
      console.log(`
The passwords are shown this once. Start with:
  HOST=0.0.0.0 HTTP_TOKEN_FILE=${dir}/http_token MQTT_USERS_FILE=${dir}/mqtt_users MQTT_ACL_FILE=${dir}/mqtt_acl vigia serve --no-devices`);
    });
}

/** All of them, or none. @throws ConfigurationError if one is there already */
function writeSecrets(dir: string, files: Record<string, string>): void {
  const there = Object.keys(files).find((name) => existsSync(join(dir, name)));
  if (there !== undefined)
    throw new ConfigurationError(`--dir: ${join(dir, there)} exists already; it stays as it is`, {
      field: 'dir',
    });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(dir, name), text, { mode: 0o600, flag: 'wx' });
}
