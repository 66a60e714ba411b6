/** Runs the README's example unchanged. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { transformSync } from 'esbuild';
import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..', '..');

it('trains, evaluates and saves a model', () => {
  const example = /```ts\n(import [\s\S]*?)```/.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))?.[1];
  expect(example).toBeDefined();
  const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-readme-'));
  try {
    // The package as an installed one: found by its name, its own packages beside it.
    const code = transformSync(example!, { loader: 'ts', format: 'esm' }).code;
    writeFileSync(path.join(work, 'example.mjs'), code);
    execFileSync('mkdir', ['-p', path.join(work, 'node_modules')]);
    symlinkSync(root, path.join(work, 'node_modules', 'shadegrad'));
    const output = execFileSync(process.execPath, ['example.mjs'], {
      cwd: work,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const accuracy = Number(/accuracy: (0\.\d+) \}/.exec(output)?.[1]);
    expect(accuracy).toBeGreaterThan(0.85);
    expect(readFileSync(path.join(work, 'runs', 'small', 'model.json'), 'utf8')).toContain('"Sequential"');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
