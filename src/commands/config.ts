/** `vigia config`: checks the settings, and describes the configuration file. */
import { Command } from 'commander';
import { settingProblems } from '../app/setting-problems.ts';
import { readConfig, unusable } from '../settings/config.ts';
import { configSchema } from '../settings/json-schema.ts';
import { SETTINGS } from '../settings/sections.ts';

export function configCommand(): Command {
  const command = new Command('config').description(
    'checks the settings and describes the configuration file',
  );
  command
    .command('schema')
    .description('prints the JSON Schema of the configuration file, for editors')
    .action(() => console.log(JSON.stringify(configSchema(), null, 2)));
  command
    .command('check')
    .description('reads the settings and the configuration file as a start does, and names every problem')
    .option('--config <file>', 'configuration file (VIGIA_CONFIG)')
    .action((options: { config?: string }) => {
      const config = readConfig({}, undefined, options.config);
      const problems = settingProblems(config);
      if (problems.length > 0) throw unusable(problems);
      console.log(`the settings can be used (${Object.keys(SETTINGS).length} known)`);
    });
  return command;
}
