/**
 * Dawn's two warnings about a software adapter's limits, on standard error at every start:
 *   the command line keeps them off files, appended to or shared with standard output and the shell; pipes; terminals
 *   what others write to the same file stays in its place
 *   the library leaves the process's standard error alone, open or closed
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..', '..');
const cli = `'${process.execPath}' '${path.join(root, 'dist', 'cli.mjs')}'`;
const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-quiet-'));

function shell(script: string): string {
  const env = { ...process.env, DEBUG: '0' };
  return spawnSync('sh', ['-c', script], { cwd: work, encoding: 'utf8', env }).stdout;
}

beforeAll(() => {
  spawnSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')]);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const refused = `${cli} devices --device none-such`;
const error = /open: no adapter's name contains 'none-such'; found .*\.$/;
const warning = /artificially/;

it.each([
  ['a file', '2> log'],
  ['a file that is appended to', '2>> log'],
  ['a file shared with standard output', '> log 2>&1'],
])('keeps them off %s', (_, redirection) => {
  shell(`rm -f log; (echo before >&2; ${refused}; echo after >&2) ${redirection}`);
  const log = readFileSync(path.join(work, 'log'), 'utf8');
  expect(log).not.toMatch(warning);
  const lines = log.split('\n');
  expect([lines[0], ...lines.slice(-3)]).toEqual(['before', expect.stringMatching(error), 'after', '']);
});

it('keeps them off a pipe', () => {
  const seen = shell(`${refused} 2>&1 | cat`).trimEnd();
  expect(seen).toMatch(error);
  expect(seen).not.toMatch(warning);
});

// util-linux's; other systems have another `script` or none.
it.skipIf(process.platform !== 'linux' || shell('command -v script') === '')(
  'keeps them off a terminal',
  () => {
    const seen = shell(`script -qec "${refused}" /dev/null`).trimEnd();
    expect(seen).toMatch(error);
    expect(seen).not.toMatch(warning);
  },
);

const library = `'${process.execPath}' --input-type=module -e "
  import { readFileSync } from 'node:fs';
  import { open } from '${pathToFileURL(path.join(root, 'dist', 'index.js')).href}';
  const stderr = () => process.argv[1] ?? readFileSync('/proc/self/fdinfo/2', 'utf8').match(/flags.*/)[0];
  const before = stderr();
  const device = await open();
  console.log(before === stderr() ? 'the same' : 'another');
  process.exit(0);
"`;

it.runIf(process.platform === 'linux')("leaves a process's own standard error alone in the library", () => {
  expect(shell(`${library} 2>&1 >out | cat >&2; cat out`)).toBe('the same\n');
});

it('opens a device in a process whose standard error is closed', () => {
  expect(shell(`${library} closed 2>&-`)).toBe('the same\n');
});
