/** `npm run docs:settings`: writes the files in docs/ that are made of the schema of the settings. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../models/package-root.ts';
import { settingsPage } from './docs-page.ts';
import { configSchema } from './json-schema.ts';

const docs = join(packageRoot(import.meta.dirname), 'docs');
writeFileSync(join(docs, 'settings.md'), settingsPage());
writeFileSync(join(docs, 'config.schema.json'), `${JSON.stringify(configSchema(), null, 2)}\n`);
