/**
 * The command line. Only this file handles signals and calls process.exit. A problem that the user can solve ends in one
 * sentence and exit code 1 (2 for wrong usage). Every other error ends in a stack trace.
 */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../models/package-root.ts';
import { alertCommand } from './commands/alert.ts';
import { alertsCommand } from './commands/alerts.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand, restoreCommand } from './commands/backup.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { deadLetterCommand } from './commands/dead-letter.ts';
import { decodeCommand } from './commands/decode.ts';
import { devicesCommand } from './commands/devices.ts';
import { discoverCommand } from './commands/discover.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { importReadingsCommand } from './commands/import-readings.ts';
import { modelCommand } from './commands/model.ts';
import { muteCommand } from './commands/mute.ts';
import { passwdCommand } from './commands/passwd.ts';
import { scoreCommand } from './commands/score.ts';
import { secretsCommand } from './commands/secrets.ts';
import { seriesCommand } from './commands/series.ts';
import { bridgeCommand, brokerCommand, serveCommand } from './commands/serve.ts';
import { statusCommand } from './commands/status.ts';
import { tailCommand } from './commands/tail.ts';
import { trainCommand } from './commands/train.ts';
import { showOnlyVisibleText } from './commands/visible-text.ts';
import { VigiaError } from './errors.ts';
import { SECTIONS, SETTINGS } from './settings/sections.ts';
import type { Section } from './settings/setting.ts';

/** A shutdown that takes longer is cut off, ms. */
const SHUTDOWN_MS = 5000;

showOnlyVisibleText();
// Whoever reads the output, such as `head`, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

/** Ends the process at once, until a command has something to close. Process 1 of a container ignores signals without a handler. */
let stop = (signal: NodeJS.Signals): void => process.exit(signal === 'SIGINT' ? 130 : 143);
process.on('SIGINT', (signal) => stop(signal));
process.on('SIGTERM', (signal) => stop(signal));

const program = new Command('vigia')
  .description(
    'MQTT telemetry bridge: stores every reading once, scores it with an LSTM model, raises alerts and shows the readings',
  )
  .version(packageVersion())
  .addHelpText('after', () => `\n${settingsHelp()}`);
/** As `vigia --help` groups them. */
const GROUPS: Readonly<Record<string, readonly Command[]>> = {
  'Run:': [
    serveCommand(onSignal),
    bridgeCommand(onSignal),
    brokerCommand(onSignal),
    devicesCommand(onSignal),
  ],
  'Look at a running Vigía:': [
    statusCommand(),
    tailCommand(),
    seriesCommand(),
    deadLetterCommand(),
    auditCommand(),
  ],
  'Alerts:': [alertsCommand(), alertCommand(), muteCommand()],
  'Models:': [modelCommand(), trainCommand(), importCommand(), scoreCommand()],
  'Data:': [exportCommand(), importReadingsCommand(), backupCommand(), restoreCommand()],
  'Set up and check:': [
    doctorCommand(),
    discoverCommand(),
    decodeCommand(),
    configCommand(),
    passwdCommand(),
    secretsCommand(),
    completionCommand(() => program),
  ],
};
for (const [heading, commands] of Object.entries(GROUPS)) {
  for (const command of commands) program.addCommand(command.helpGroup(heading));
}
for (const command of [
  program,
  ...program.commands,
  ...program.commands.flatMap(({ commands }) => commands),
]) {
  command.exitOverride().showHelpAfterError('(--help lists the options)');
}

/** Runs `close` once on Ctrl-C or SIGTERM, and exits. A second signal, or a `close` that takes too long, ends the process at once. */
function onSignal(close: () => unknown, extraMs = 0, reload?: () => void): void {
  if (reload) process.on('SIGHUP', reload);
  let closing = false;
  stop = (signal) => {
    if (closing) process.exit(130);
    closing = true;
    setTimeout(() => process.exit(1), SHUTDOWN_MS + extraMs).unref();
    Promise.resolve(close()).then(
      () => process.exit(signal === 'SIGINT' ? 130 : 0),
      (error) => fail(error),
    );
  };
}

function settingsHelp(): string {
  const width = Math.max(...Object.keys(SETTINGS).map(({ length }) => length)) + 1;
  const parts = Object.values<Section>(SECTIONS).map(({ title, settings }) => {
    const lines = Object.values(settings).map(
      ({ name, help, fallback }) =>
        `  ${name.padEnd(width)}${help}${fallback === undefined ? '' : ` [${fallback}]`}`,
    );
    return `${title}:\n${lines.join('\n')}`;
  });
  return `Settings, as environment variables or in the file of --config (NAME_FILE reads the value of NAME from a file):\n\n${parts.join('\n\n')}`;
}

function fail(error: unknown): never {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2);
  if (error instanceof VigiaError) console.error(`vigia: ${error.message}`);
  else console.error(error);
  process.exit(1);
}

program.parseAsync().catch(fail);
