// Plan: the lock files, that of the bench's peers too, install on every platform and from any registry, and each dependency
// is explained.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Package {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const lockFiles = [
  ['package-lock.json', 50],
  ['bench/peers/package-lock.json', 5],
] as const;
const packagesOf = (lockFile: string) =>
  (JSON.parse(read(lockFile)) as { packages: Record<string, Package> }).packages;
const installedBy = (lockFile: string) =>
  Object.entries(packagesOf(lockFile)).filter(([path]) => path !== '');

test('the lock file holds the optional packages of every platform, not only of the one it was made on', () => {
  const packages = packagesOf('package-lock.json');
  const installed = installedBy('package-lock.json');
  const missing = installed.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

test.each(lockFiles)('%s names no registry, and a checksum for every package', (lockFile, least) => {
  const installed = installedBy(lockFile);
  expect(installed.length).toBeGreaterThan(least);
  expect(
    installed.filter(([, entry]) => entry.resolved !== undefined || entry.integrity === undefined),
  ).toEqual([]);
});

test('docs/dependencies.md has a word on every dependency, and on no other package', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Package;
  const { dependencies: peers } = JSON.parse(read('bench/peers/package.json')) as Package;
  const rows = read('docs/dependencies.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => (row.split('|')[1] ?? '').match(/(?<=`)[^`, ]+(?=`)/g) ?? []);
  const expected = Object.keys({ ...dependencies, ...devDependencies, ...peers, '@sparticuz/chromium': '' });
  expect(named.sort((a, b) => a.localeCompare(b))).toEqual(expected.sort((a, b) => a.localeCompare(b)));
});
