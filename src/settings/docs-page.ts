/** docs/settings.md, made of the schema. `npm run docs:settings` writes the page, and a test checks that it is current. */
import { z } from 'zod';
import { SECTIONS } from './sections.ts';
import type { Section, Setting } from './setting.ts';

const INTRODUCTION = `# Settings

<!-- Generated from src/settings by \`npm run docs:settings\`: change the help texts there. -->

Every setting is an environment variable. The configuration file (\`--config FILE\`, or \`VIGIA_CONFIG\`) has the same names in small letters
(\`log_level: debug\`). \`NAME_FILE\` reads the value of \`NAME\` from a file, which suits secrets. An option of the command line goes before the
environment, and the environment goes before the file. \`vigia config check\` says what is wrong with the settings, and
[config.schema.json](config.schema.json) is the JSON Schema of the file for an editor.

A duration is written as \`30d\`, \`12h\`, \`5m\`, \`10s\` or \`250ms\`, a size as \`256kB\`, \`64MB\` or a number of bytes. Under *Notes*, \`reload\` marks a
setting that a running process takes over on SIGHUP (every other setting needs a restart), and \`secret\` marks a value that no message shows.

A configuration file:

\`\`\`yaml
# yaml-language-server: $schema=docs/config.schema.json
# vigia.yaml; npx vigia serve --config vigia.yaml, or VIGIA_CONFIG=vigia.yaml
mqtt_topics: ['site/+/{sensor}/{metric}']
units: {temperature: °C, humidity: '%'}
http_token_file: /run/secrets/token
log_level: debug
\`\`\`

The first line lets an editor complete and check the file. \`npx vigia config check --config vigia.yaml\` names every problem with its line.
`;

export function settingsPage(): string {
  const parts = Object.values<Section>(SECTIONS).map(({ title, settings }) => {
    const rows = Object.values(settings).map(row);
    return `## ${title}\n\n| Setting | Default | Meaning | Notes |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return [INTRODUCTION, ...parts].join('\n');
}

function row({ name, schema, fallback, help, reload, secret }: Setting): string {
  const values = schema instanceof z.ZodEnum ? schema.options.map((value) => `\`${value}\``).join(', ') : '';
  const notes = [values, reload && 'reload', secret && 'secret'].filter(Boolean).join('; ');
  const cells = [`\`${name}\``, fallback === undefined ? '' : `\`${fallback}\``, help, notes];
  return `| ${cells
    .map((cell) =>
      cell
        .replaceAll('|', String.raw`\|`)
        .replaceAll('*:', String.raw`\*:`)
        .replaceAll(/<(\w+)>/g, '&lt;$1&gt;'),
    )
    .join(' | ')} |`;
}
