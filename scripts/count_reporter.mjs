// A vitest reporter that writes its counts of tests to the file named by SHADEGRAD_COUNTS, for scripts/test.mjs.
import { writeFileSync } from 'node:fs';
import process from 'node:process';

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
      // A file that could not be loaded, or whose worker died, contains no failed test.
      const tests = [...module.children.allTests()];
      for (const test of tests) count[test.result().state] += 1;
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed'))
        count.failed += 1;
    }
    const path = process.env['SHADEGRAD_COUNTS'];
    if (path === undefined) return;
    const { passed, failed, pending, skipped } = count; // still pending at the end: its worker died
    writeFileSync(path, JSON.stringify({ passed, failed: failed + pending, skipped }));
  }
}
