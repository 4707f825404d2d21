/**
 * Closes the run with one plain line of counts, and names every skipped test with its reason, so that nothing is left out
 * unseen. In CI a skip is a failure unless it is for want of RedisTimeSeries, Docker or ../shared.
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const MAY_SKIP = /RedisTimeSeries|Docker|\.\.\/shared/;

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const skipped: TestCase[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'pending') continue;
        count[state]++;
        if (state === 'skipped') skipped.push(test);
      }
    }
    const unexcused = skipped.filter((test) => !MAY_SKIP.test(test.fullName));
    if (skipped.length > 0) {
      console.log('\nSkipped:');
      for (const test of skipped) console.log(`  ${test.module.relativeModuleId}: ${test.fullName}`);
    }
    if (process.env.CI && unexcused.length > 0) {
      console.log(`\n${unexcused.length} of them may not be skipped in CI.`);
      count.failed += unexcused.length;
      process.exitCode = 1;
    }
    console.log(`\nTests: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}
