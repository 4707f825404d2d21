/** `vigia passwd`: makes lines for the files of MQTT_USERS_FILE and HTTP_USERS_FILE, or puts them there. */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { passwordLine } from '../../broker/password-file.ts';
import { tokenLine, userLine } from '../access/accounts.ts';
import { ROLES, type Role } from '../domain/role.ts';
import { InvalidInput } from '../errors.ts';
import { askSecret } from './terminal.ts';

interface Options {
  readonly role?: Role;
  readonly token?: boolean;
  readonly file?: string;
}

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
    .option('--file <file>', 'put the line into this file, in the place of the line that the user has there')
    .action(async (user: string, options: Options) => {
      const line = await lineOf(user, options);
      if (options.file === undefined) console.log(line);
      else console.log(`${user} ${putLine(options.file, user, line)} in ${options.file}`);
    });
}

async function lineOf(user: string, { role, token }: Options): Promise<string> {
  if (token) {
    if (role === undefined) throw new InvalidInput('role', 'a token needs a --role');
    const made = tokenLine(user, role);
    console.error(`token of ${user}: ${made.token}`);
    return made.line;
  }
  const password = await askSecret(`Password of ${user}: `);
  if (password === '') throw new InvalidInput('password', 'the password is empty');
  // What is typed is not shown. A program that gives the password gives it once.
  if (process.stdin.isTTY && password !== (await askSecret('The same again: ')))
    throw new InvalidInput('password', 'the two passwords differ; nothing was changed');
  return role === undefined ? passwordLine(user, password) : userLine(user, role, password);
}

/** The file is there as a whole at any time, and for its owner alone where it is new. @throws InvalidInput */
function putLine(file: string, user: string, line: string): 'added' | 'replaced' {
  try {
    const there = existsSync(file);
    const lines = there ? readFileSync(file, 'utf8').split(/\r?\n/) : [];
    while (lines.at(-1) === '') lines.pop();
    const at = lines.findIndex((each) => each.startsWith(`${user}:`));
    lines.splice(at < 0 ? lines.length : at, at < 0 ? 0 : 1, line);
    const beside = `${file}.${process.pid}`;
    writeFileSync(beside, `${lines.join('\n')}\n`, {
      mode: there ? statSync(file).mode & 0o777 : 0o600,
      flag: 'wx',
    });
    renameSync(beside, file);
    return at < 0 ? 'added' : 'replaced';
  } catch (error) {
    throw new InvalidInput('file', `${file}: ${(error as Error).message}`, { cause: error });
  }
}
