// All checks: types, lint with the import rules between layers and import cycles, formatting, then the tests (vitest.config.ts
// says which run where). Ends with one line, `123 passed, 0 failed[, 4 skipped]`, that counts tests and checks.
//
//   npm test                    everything
//   npm test -- conv2d          only the test files whose path contains conv2d
//   npm run check               without the tests that need a device or a browser
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findChromium } from './chromium.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const binaries = join(root, 'node_modules', '.bin');
const countsPath = join(root, 'node_modules', '.cache', 'shadegrad', `counts.${process.pid}.json`);
const withoutDevice = process.argv.includes('--no-device');
const filters = process.argv.slice(2).filter((argument) => argument !== '--no-device');

/** @type {readonly (readonly [name: string, command: string, ...args: string[]])[]} */
const checks = [
  ['types', 'tsc'],
  ['types of browser code', 'tsc', '-p', 'web'],
  ['lint', 'oxlint', '-c', 'oxlint.config.mjs', '--deny-warnings', '--report-unused-disable-directives'],
  ['format', 'prettier', '--check', '--cache', '--log-level', 'warn', '.'],
];

const results = await Promise.all(checks.map(check));
const count = await runTests();
count.passed += results.filter(Boolean).length;
count.failed += results.filter((isPassed) => !isPassed).length;
const browser = findChromium();
if ('reason' in browser && !withoutDevice) console.log(`\nTests in a browser are skipped: ${browser.reason}`);
console.log(
  `\n${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} skipped` : ''}`,
);
process.exit(count.failed === 0 ? 0 : 1);

/**
 * Runs a tool; shows its output if it fails.
 * @param {readonly [name: string, command: string, ...args: string[]]} tool
 */
async function check([name, command, ...args]) {
  const started = performance.now();
  const { status, output } = await run(command, args, 'pipe');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(status === 0 ? `${name}: ok (${seconds} s)` : `${name}: FAILED\n${output.trim()}\n`);
  return status === 0;
}

/** Runs vitest, and returns the counts that scripts/count_reporter.mjs writes. */
async function runTests() {
  const projects = withoutDevice ? ['--project', 'unit', '--project', 'unit alone'] : [];
  mkdirSync(dirname(countsPath), { recursive: true });
  const { status } = await run('vitest', ['run', ...projects, ...filters], 'inherit');
  /** @type {{ passed: number, failed: number, skipped: number }} */
  let count = { passed: 0, failed: 0, skipped: 0 };
  try {
    count = /** @type {typeof count} */ (JSON.parse(readFileSync(countsPath, 'utf8')));
    rmSync(countsPath);
  } catch (error) {
    console.log(`vitest ended without counts (status ${status}): ${String(error)}`);
  }
  // Any other error of vitest, or a filter that matches nothing, must not look like success.
  if (count.failed === 0 && (status !== 0 || count.passed === 0)) count.failed = 1;
  return count;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {'pipe' | 'inherit'} show
 * @returns {Promise<{ status: number | null, output: string }>}
 */
function run(command, args, show) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${binaries}${delimiter}${process.env['PATH'] ?? ''}`,
        SHADEGRAD_COUNTS: countsPath,
      },
      stdio: ['ignore', show, show],
      shell: process.platform === 'win32', // the tools are .cmd files there
    });
    let output = '';
    child.stdout?.on('data', (/** @type {Buffer} */ text) => (output += text.toString()));
    child.stderr?.on('data', (/** @type {Buffer} */ text) => (output += text.toString()));
    child.on('error', fail);
    child.on('close', (status) => done({ status, output }));
  });
}
