/** Data flows one way: which folder may import which, and no import cycles anywhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** What the files of a folder may import of ours, besides their own folder. A name with a slash is one file. */
const ALLOWED: Record<string, readonly string[]> = {
  'src/domain': ['src/errors.ts'],
  'src/errors.ts': [],
  'src/logger.ts': ['src/domain'],
  'src/settings': [
    ...['src/domain', 'src/errors.ts', 'src/alerts/alert-rules.ts', 'src/alerts/receiver-list.ts'],
    ...['models/package-root.ts', 'src/sources/read-sources.ts', 'src/sources/topic-template.ts'],
  ],
  'src/codecs': ['src/domain', 'src/errors.ts'],
  'src/sources': ['src/domain', 'src/errors.ts', 'src/codecs'],
  'src/detect': ['src/domain', 'src/errors.ts', 'models/model.ts'],
  'src/store': ['src/domain', 'src/errors.ts', 'models/package-root.ts'],
  'src/model-registry': [
    'src/domain',
    'src/errors.ts',
    'src/detect',
    'src/store/store.ts',
    'models/model.ts',
  ],
  'src/staleness': ['src/domain', 'src/errors.ts', 'src/store/store.ts'],
  'src/planning': [
    ...['src/domain', 'src/errors.ts', 'src/detect', 'src/store/store.ts'],
    ...['src/model-registry/model-registry.ts', 'src/staleness/staleness.ts'],
  ],
  'src/replicas': ['src/domain', 'src/store/store.ts'],
  'src/pipeline': [
    ...['src/domain', 'src/errors.ts', 'src/detect', 'src/store/store.ts'],
    ...['src/planning', 'src/replicas'],
  ],
  'src/alerts': ['src/domain', 'src/errors.ts', 'src/store/store.ts', 'src/store/alert-store.ts'],
  // Passwords are hashed in one place.
  'src/access': ['src/domain', 'src/errors.ts', 'src/store/store.ts', 'broker/password-file.ts'],
  'src/labels': [...['src/domain', 'src/errors.ts', 'src/store/store.ts', 'src/alerts/stored-document.ts']],
  'src/audit': ['src/domain', 'src/store/store.ts'],
  'src/intake': [
    ...['src/domain', 'src/errors.ts', 'src/codecs', 'src/sources', 'src/pipeline', 'src/store/store.ts'],
  ],
  'src/http': [
    'broker/logins.ts',
    'src/access',
    'src/audit',
    'src/domain',
    'src/errors.ts',
    'src/store/store.ts',
    'src/store/alert-store.ts',
    'src/model-registry/model-admin.ts',
    'src/pipeline/submit.ts',
    'src/pipeline/replay.ts',
    'models/package-root.ts',
  ],
  'src/commands': [
    ...[
      'src/app',
      'src/settings',
      'src/logger.ts',
      'src/access',
      'src/domain',
      'src/errors.ts',
      'src/detect',
    ],
    // What `doctor` says of a sample message, the intake would.
    ...['src/codecs/codec.ts', 'src/sources', 'src/pipeline/guard.ts', 'src/store/rollup.ts'],
    'src/store/sizing.ts',
    ...['models', 'devices', 'broker'],
  ],
  models: ['src/domain', 'src/errors.ts', 'devices'],
  broker: ['src/errors.ts'],
  devices: ['src/domain', 'src/errors.ts'],
};
/** These wire everything together. */
const FREE = ['src/app', 'src/main.ts'];

const files = ['src', 'broker', 'devices', 'models'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]/g,
  );
  return [...found].map(([, from, dynamic]) =>
    relative(ROOT, resolve(ROOT, dirname(file), (from ?? dynamic)!)),
  );
}

const folderOf = (file: string) =>
  Object.keys(ALLOWED).find((name) => file === name || file.startsWith(`${name}/`)) ?? file;
const within = (file: string, name: string) => file === name || file.startsWith(`${name}/`);

describe('imports', () => {
  it('are found', () => {
    expect(importsOf('src/app/scoring.ts')).toContain('src/pipeline/pipeline.ts');
  });

  it('go only where the design lets them', () => {
    const wrong = files.flatMap((file) => {
      if (FREE.some((name) => within(file, name))) return [];
      const folder = folderOf(file);
      const allowed = ALLOWED[folder];
      if (!allowed) return [`${file} is in no known folder`];
      return importsOf(file)
        .filter((target) => ![folder, ...allowed].some((name) => within(target, name)))
        .map((target) => `${file} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('have no cycles', () => {
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]) => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (path.includes(file) || done.has(file)) return;
      for (const target of importsOf(file)) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('of packages name what is installed with Vigía: no dependency of the tests', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    // Run by `npm run build:kernel` alone, in a checkout.
    const shipped = files.filter((file) => file !== 'models/kernel/compile.ts');
    const wrong = shipped.flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return [...text.matchAll(/\b(?:from|import) ?\(?'((?:@[\w-]+\/)?[\w:-]+)(?:\/[\w./-]*)?'/g)]
        .map(([, name]) => name!)
        .filter((name) => !name.startsWith('node:') && !(name in dependencies))
        .map((name) => `${file} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('of the environment stand in settings/config.ts alone', () => {
    const readers = files.filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('process.env'));
    expect(readers).toEqual(['src/settings/config.ts']);
  });

  it('of process.exit and signals stand in main.ts alone', () => {
    const enders = files.filter((file) =>
      /process\.exit\(|process\.on\('SIG/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(enders).toEqual(['src/main.ts']);
  });
});
