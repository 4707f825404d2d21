/** `vigia passwd`: makes a line for the file of MQTT_USERS_FILE. */
import { Command } from 'commander';
import { passwordLine } from '../../broker/password-file.ts';
import { InvalidInput } from '../errors.ts';
import { askSecret } from './terminal.ts';

export function passwdCommand(): Command {
  return new Command('passwd')
    .description(
      'asks for a password and prints the line of MQTT_USERS_FILE for a user of the built-in broker',
    )
    .argument('<user>', 'name of the user')
    .action(async (user: string) => {
      const password = await askSecret(`Password of ${user}: `);
      if (password === '') throw new InvalidInput('password', 'the password is empty');
      console.log(await passwordLine(user, password));
    });
}
