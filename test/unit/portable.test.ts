/**
 * Plan: measure.sh and collect.mjs of scripts/portable, in a package whose "Node" is a script that pretends to be the
 * command line: no device, nothing is timed.
 *   all steps run in order, with the data of the package; one that fails is noted and stops nothing
 *   what commands print as JSON is kept as JSON, else the end of the text
 *   --only takes some; a second call with the same --work adds to the same JSON
 *   unknown options, steps and data sets are refused before anything is unpacked
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const scripts = fileURLToPath(new URL('../../scripts', import.meta.url));
const hasTools = ['xz', 'tar', 'timeout'].every(
  (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** Answers for the command line, fails as `bench`, prints no JSON as `tune`; else it is Node. */
const pretender = `#!/bin/sh
case "$1" in
  --enable-source-maps) ;;
  *) exec '${process.execPath}' "$@" ;;
esac
shift 2
case "$1" in
  bench) echo 'half a table'; echo 'bench: no such device' >&2; exit 1 ;;
  tune) echo 'nothing to choose'; mkdir -p "$XDG_CACHE_HOME/shadegrad/tuning"
    echo '{"choices":7}' >"$XDG_CACHE_HOME/shadegrad/tuning/a.json" ;;
  *) echo 'a line'; echo "{\\"ran\\":\\"$*\\"}" ;;
esac
`;

interface Measured {
  readonly package: unknown;
  readonly tuning: unknown;
  readonly steps: readonly {
    readonly name: string;
    readonly status: number;
    readonly result: unknown;
    readonly stdout?: string;
    readonly stderr: string;
  }[];
}

let folder = '';

function measure(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('sh', [path.join(folder, 'measure.sh'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  });
  return { status, output: stdout + stderr };
}

const measured = (name: string): Measured =>
  JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Measured;

function pack(from: string, to: string, command: string, ...args: string[]): void {
  const { stdout } = spawnSync(command, args, { cwd: from });
  writeFileSync(to, spawnSync('xz', ['-c'], { input: stdout }).stdout);
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'portable-'));
  for (const name of ['measure.sh', 'collect.mjs'])
    copyFileSync(path.join(scripts, 'portable', name), path.join(folder, name));
  if (!hasTools) return;
  writeFileSync(path.join(folder, 'pretender'), pretender);
  chmodSync(path.join(folder, 'pretender'), 0o755);
  pack(folder, path.join(folder, 'node.xz'), 'cat', 'pretender');
  mkdirSync(path.join(folder, 'app/node_modules/webgpu/dist/linux-x64'), { recursive: true });
  writeFileSync(path.join(folder, 'app/package.json'), '{}');
  pack(folder, path.join(folder, 'app.tar.xz'), 'tar', '-cf', '-', 'app');
  mkdirSync(path.join(folder, 'data/digits'), { recursive: true });
  writeFileSync(path.join(folder, 'data/digits/images.gz'), 'images');
  writeFileSync(path.join(folder, 'portable.json'), '{"commit":"abc"}');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Starts some thirty processes.
describe.skipIf(!hasTools)('measure.sh', { timeout: 60_000 }, () => {
  test('runs every step, notes what fails, and keeps what was printed', () => {
    const { status, output } = measure('--rehearse', '--recipes', '2', '--work', 'w', '--out', 'all.json');
    expect(status, output).toBe(0);
    const { package: about, steps, tuning } = measured('all.json');
    expect(about).toEqual({ commit: 'abc' });
    expect(steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'devices 0',
      'gradcheck 0',
      'tune 0',
      'bench 1',
      'bench_untuned 1',
      'peers 1',
      'train_digits_1 0',
      'train_digits_2 0',
    ]);
    expect(steps[1]?.result).toEqual({ ran: 'gradcheck --filter arg_max --json' });
    expect(steps[3]).toMatchObject({
      result: null,
      stdout: 'half a table\n',
      stderr: 'bench: no such device\n',
    });
    expect(output).toContain('bench: no such device');
    expect(tuning).toEqual([{ choices: 7 }]);
    expect(existsSync(path.join(folder, 'w/cache/shadegrad/digits/images.gz'))).toBe(true);
  });

  test('--only takes some, and the same --work adds to what was measured', () => {
    expect(measure('--only', 'devices,gradcheck', '--work', 'v', '--out', 'some.json').status).toBe(0);
    expect(measure('--only', 'tune', '--work', 'v', '--out', 'some.json').status).toBe(0);
    expect(measured('some.json').steps.map(({ name }) => name)).toEqual(['devices', 'gradcheck', 'tune']);
  });

  test('without time no step starts', () => {
    const { output } = measure('--minutes', '0', '--work', 'u', '--out', 'none.json');
    expect(measured('none.json').steps).toEqual([]);
    expect(output).toContain('not started');
  });
});

test.each([
  [['--fast'], 'unknown option --fast'],
  [['--out'], '--out needs a value'],
  [['--only', 'devices,benches'], "there is no step 'benches'"],
  [['--recipes', 'two'], 'take integers'],
])('measure.sh refuses %j', (args, words) => {
  const { status, output } = measure('--work', 'refused', ...args);
  expect(status).toBe(2);
  expect(output).toContain(words);
  expect(existsSync(path.join(folder, 'refused'))).toBe(false);
});

test('npm run portable refuses an unknown data set, and a folder that is no package', () => {
  const portable = (...args: string[]) =>
    spawnSync(process.execPath, [path.join(scripts, 'portable.mjs'), ...args], { encoding: 'utf8' });
  expect(portable('--data', 'cifar').stderr).toContain("there is no data set 'cifar'");
  const occupied = path.join(folder, 'occupied');
  mkdirSync(occupied);
  writeFileSync(path.join(occupied, 'letter.txt'), 'dear');
  const { status, stderr } = portable('--out', occupied);
  expect(status).toBe(2);
  expect(stderr).toMatch(/is not a package|x86-64 Linux/);
  expect(existsSync(path.join(occupied, 'letter.txt'))).toBe(true);
  // The files of a package would be replaced, and what was measured in it deleted.
  writeFileSync(path.join(occupied, 'portable.json'), '{}');
  expect(portable('--out', occupied).stderr).toContain('also holds letter.txt, which would be deleted');
  expect(existsSync(path.join(occupied, 'letter.txt'))).toBe(true);
});

// Loads Playwright.
test("npm run demo:pictures leaves a user's pictures", { timeout: 60_000 }, () => {
  const pictures = path.join(folder, 'pictures');
  mkdirSync(pictures);
  writeFileSync(path.join(pictures, 'page_light.png'), 'mine');
  const script = path.join(scripts, 'page_pictures.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, pictures], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringContaining('holds page_light.png, which may be')]);
  expect(readFileSync(path.join(pictures, 'page_light.png'), 'utf8')).toBe('mine');
});
