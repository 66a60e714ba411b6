// A vitest reporter that ends the output with one line for people and programs: `123 passed, 0 failed[, 4 skipped]`.

/** @typedef {import('vitest/node').Reporter} Reporter */

/** @implements {Reporter} */
export default class CountReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly import('vitest/node').SerializedError[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      // A file that could not be loaded, or whose worker died, has no failed test to show for it.
      const tests = [...module.children.allTests()];
      for (const test of tests) count[test.result().state] += 1;
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed'))
        count.failed += 1;
    }
    const failed = count.failed + count.pending;
    const skipped = count.skipped === 0 ? '' : `, ${count.skipped} skipped`;
    console.log(`${count.passed} passed, ${failed} failed${skipped}`);
  }
}
