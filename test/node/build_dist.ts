/** Builds dist before the tests of the command line and the package: once, because two files at once may use it. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';

export default function setup(): void {
  const script = path.resolve(import.meta.dirname, '..', '..', 'scripts', 'build.mjs');
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0 || stdout + stderr !== '') throw new Error(`scripts/build.mjs: ${stdout}${stderr}`);
}
