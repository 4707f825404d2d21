// npm run test:mutation [-- ROOM… --sample N --seed S]: changes the code of the rooms (rooms.json) piece by piece, and says which
// changes the tests of the room do not notice. A whole run takes hours. With --sample it tries the code of N lines that are drawn
// by the seed: an estimate of the whole.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');
const CONFIG = join(import.meta.dirname, 'stryker.config.json');
const { values, positionals } = parseArgs({
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});

/** Seeded whole numbers below `n` (a linear congruential generator). */
function drawer(seed) {
  let x = Number(seed) >>> 0;
  return (n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * n);
  };
}

// The files of a pattern: a path, or a folder with /**/*.ts behind it.
function filesOf(pattern) {
  const [folder, rest] = pattern.split('/**/');
  if (rest === undefined) return [pattern];
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

/** Lines that hold code: no comments, imports, types or lone brackets. */
function codeLines(files) {
  const found = [];
  for (const file of files) {
    for (const [i, line] of readFileSync(join(ROOT, file), 'utf8').split('\n').entries()) {
      const text = line.trim();
      if (
        /[=?<>+*/&|!-]|return|if|for/.test(text) &&
        !/^(\*|\/|import|export (type|interface)|readonly|})/.test(text)
      ) {
        found.push(`${file}:${i + 1}-${i + 1}`);
      }
    }
  }
  return found;
}

const config = JSON.parse(readFileSync(CONFIG, 'utf8'));
const rooms = JSON.parse(readFileSync(join(import.meta.dirname, 'rooms.json'), 'utf8'));
const chosen = positionals.length > 0 ? positionals : Object.keys(rooms);
for (const name of chosen)
  if (!rooms[name]) throw new Error(`no room ${name}: ${Object.keys(rooms).join(', ')}`);
const patterns = chosen.flatMap((name) => rooms[name].mutate);
let mutate = patterns;
if (values.sample !== undefined) {
  const lines = codeLines(patterns.flatMap(filesOf).sort());
  const draw = drawer(values.seed);
  mutate = [];
  while (mutate.length < Number(values.sample) && lines.length > 0)
    mutate.push(...lines.splice(draw(lines.length), 1));
}
mkdirSync(join(ROOT, 'coverage'), { recursive: true });
const file = join(ROOT, 'coverage/stryker.config.json');
writeFileSync(file, JSON.stringify({ ...config, mutate }));
const stryker = join(ROOT, 'node_modules/@stryker-mutator/core/bin/stryker.js');
const { status } = spawnSync(process.execPath, [stryker, 'run', file], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, MUTATION_TESTS: chosen.flatMap((name) => rooms[name].tests).join(' ') },
});
process.exitCode = status ?? 1;
