/** The Lua scripts as files: each says what it takes and answers, and agrees with what the code around it knows. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { script } from '../../src/store/redis/script.ts';
import { RECORD_FIELDS, STATE_FORMAT, SUMMARY_FIELDS } from '../../src/store/redis/state-hash.ts';
import { ROLLUPS } from '../../src/store/rollup.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FOLDER = 'src/store/redis/lua';
const files = readdirSync(join(ROOT, FOLDER));
/** These are included in others. */
const PARTS = [
  'blocks.lua',
  'change-blocks.lua',
  'commit-arguments.lua',
  'commit-steps.lua',
  'pack-members.lua',
];
const scripts = files.filter((file) => !PARTS.includes(file)).map((file) => file.replace(/\.lua$/, ''));

it('there are scripts, and the package has them', () => {
  expect(scripts.length).toBeGreaterThan(10);
  const { files: packed } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(packed).toContain(FOLDER);
});

it.each(scripts)('the header of %s names keys, arguments and the answer', (name) => {
  const lines = script(name).text.split('\n');
  const header = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('--')),
  );
  for (const part of [/^-- KEYS {2}1 /, /^-- ARGV {2}\S/, /^-- Returns /]) {
    expect(header.filter((line) => part.test(line))).toHaveLength(1);
  }
});

it.each(['commit-timeseries', 'commit-sorted-set'])('%s knows the formats of this version', (name) => {
  const { text } = script(name);
  expect(text).not.toContain('--@include');
  expect(text).toContain(`local FORMAT = ${STATE_FORMAT}\n`);
  expect(text).toContain(`return call('HMGET', STATE, '${RECORD_FIELDS.join("', '")}')`);
  for (const rollup of ROLLUPS) {
    expect(text).toContain(`:${rollup.name}`.slice(name === 'commit-timeseries' ? 1 : 0));
    expect(text).toContain(String(rollup.width));
  }
});

it.each(['commit-timeseries', 'commit-sorted-set'])('%s has fields of its own in the state', (name) => {
  const { text } = script(name);
  const fields = (line: RegExp) => line.exec(text)![1]!.match(/\w+/g)!;
  const own = fields(/pcall\('HMGET', STATE, 'f', 'v', 't', 'l', 'k', 'b', (.*)\) end/);
  const others = [...RECORD_FIELDS, ...SUMMARY_FIELDS, 'b', 'd', 'h', 'g'];
  expect(own.length).toBeGreaterThan(0);
  expect(others).not.toEqual(expect.arrayContaining([expect.stringMatching(`^(?:${own.join('|')})$`)]));
});
