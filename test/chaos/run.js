/** `npm run test:chaos -- --seed N [--runs M]`: M runs of the chaos test, the first with seed N. */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, runs: { type: 'string', default: '1' } },
});
for (let i = 0; i < Number(values.runs); i++) {
  const env = { ...process.env, FAULTS: 'long', CHAOS_SEED: String(Number(values.seed) + i) };
  const args = ['vitest', 'run', '--config', 'test/chaos/vitest.config.ts'];
  const { status } = spawnSync('npx', args, { stdio: 'inherit', env });
  if (status !== 0) process.exitCode = 1;
}
