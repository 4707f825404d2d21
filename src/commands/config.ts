/** `vigia config`: about the configuration file. */
import { Command } from 'commander';
import { settingProblems } from '../app/setting-problems.ts';
import { readConfig, unusable } from '../settings/config.ts';
import { configSchema } from '../settings/json-schema.ts';
import { SETTINGS } from '../settings/sections.ts';

export function configCommand(): Command {
  const command = new Command('config').description('the settings and the configuration file');
  command
    .command('schema')
    .description('JSON Schema of the file, for editors')
    .action(() => console.log(JSON.stringify(configSchema(), null, 2)));
  command
    .command('check')
    .description(
      'reads settings and file as a start would, and names every problem, or else what does not fit together',
    )
    .option('--config <file>', 'configuration file (VIGIA_CONFIG)')
    .action((options: { config?: string }) => {
      const config = readConfig({}, undefined, options.config);
      const problems = settingProblems(config);
      if (problems.length > 0) throw unusable(problems);
      console.log(`the settings can be used (${Object.keys(SETTINGS).length} known)`);
    });
  return command;
}
