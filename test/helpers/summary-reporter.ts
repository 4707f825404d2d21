/**
 * Closes the run: the suites with skipped tests and their reason, the failed tests with their messages, and one plain line of
 * counts. Tests that failed come last, because a log is often cut to its end. In CI a skip is a failure unless it is for want of
 * RedisTimeSeries, Docker, a peer's program or ../shared.
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const MAY_SKIP = /RedisTimeSeries|Docker|peer's program|\.\.\/shared/;

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const passed = testsIn(modules, 'passed');
    const failed = testsIn(modules, 'failed');
    const skipped = testsIn(modules, 'skipped');
    const unexcused = process.env.CI ? skipped.filter((test) => !MAY_SKIP.test(test.fullName)) : [];
    const broken = modules.filter((module) => module.errors().length > 0);

    if (skipped.length > 0)
      console.log(
        `\nSkipped:\n${[...suites(skipped)].map(([suite, tests]) => `  ${suite}: ${tests}`).join('\n')}`,
      );
    if (unexcused.length > 0) {
      console.log(`\nMay not be skipped in CI:\n${unexcused.map((test) => `  ${name(test)}`).join('\n')}`);
      process.exitCode = 1;
    }
    const flaky = passed.filter((test) => test.diagnostic()?.flaky);
    if (flaky.length > 0)
      console.log(`\nPassed at the second try:\n${flaky.map((test) => `  ${name(test)}`).join('\n')}`);
    const failures = [
      ...broken.map((module) => `  ${module.relativeModuleId}: ${firstLine(module.errors()[0]?.message)}`),
      ...failed.map((test) => `  ${name(test)}\n    ${firstLine(test.result().errors?.[0]?.message)}`),
    ];
    if (failures.length > 0) console.log(`\nFailed:\n${failures.join('\n')}`);
    console.log(
      `\nTests: ${passed.length} passed, ${failed.length + broken.length + unexcused.length} failed, ${skipped.length} skipped\n`,
    );
  }
}

function testsIn(modules: readonly TestModule[], state: 'passed' | 'failed' | 'skipped'): TestCase[] {
  return modules.flatMap((module) => [...module.children.allTests(state)]);
}

/** The number of skipped tests by the outermost suite whose name says what is missing. */
function suites(tests: readonly TestCase[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const test of tests) {
    const path = test.fullName.split(' > ');
    const depth = path.findIndex((part) => MAY_SKIP.test(part)) + 1 || path.length;
    const suite = `${test.module.relativeModuleId}: ${path.slice(0, depth).join(' > ')}`;
    counts.set(suite, (counts.get(suite) ?? 0) + 1);
  }
  return counts;
}

const name = (test: TestCase): string => `${test.module.relativeModuleId}: ${test.fullName}`;

const firstLine = (message = ''): string => message.split('\n')[0] ?? '';
