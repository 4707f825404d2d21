/** `vigia passwd`: makes lines for the files of MQTT_USERS_FILE and HTTP_USERS_FILE. */
import { Command, Option } from 'commander';
import { passwordLine } from '../../broker/password-file.ts';
import { tokenLine, userLine } from '../access/accounts.ts';
import { ROLES, type Role } from '../domain/role.ts';
import { InvalidInput } from '../errors.ts';
import { askSecret } from './terminal.ts';

export function passwdCommand(): Command {
  return new Command('passwd')
    .description(
      'asks for a password and prints the line of MQTT_USERS_FILE for a user of the built-in broker; with --role, the line of HTTP_USERS_FILE for a user of the HTTP server',
    )
    .argument('<user>', 'name of the user')
    .addOption(new Option('--role <role>', 'what the user of the HTTP server may do').choices(ROLES))
    .option(
      '--token',
      'make a random token for a program instead of asking for a password; the token is printed once, on standard error',
    )
    .action(async (user: string, { role, token }: { role?: Role; token?: boolean }) => {
      if (token) {
        if (role === undefined) throw new InvalidInput('role', 'a token needs a --role');
        const made = tokenLine(user, role);
        console.error(`token of ${user}: ${made.token}`);
        console.log(made.line);
        return;
      }
      const password = await askSecret(`Password of ${user}: `);
      if (password === '') throw new InvalidInput('password', 'the password is empty');
      console.log(
        role === undefined ? await passwordLine(user, password) : await userLine(user, role, password),
      );
    });
}
