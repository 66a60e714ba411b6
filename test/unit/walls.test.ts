// Plan: the linter holds the walls between the layers (oxlint.config.mjs). A small tree of files with one import each
// is linted in a temporary folder: every import that a wall forbids is refused, and its allowed twin passes.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** File → the line it consists of. */
const forbidden: Record<string, string> = {
  'src/data/a.ts': `import { value } from '../engine/leaf.ts';`,
  'src/data/b.ts': `export { value } from '../report/leaf.ts';`,
  'src/data/c.ts': `import { readFileSync } from 'node:fs';`,
  'src/data/d.ts': `export const limit = process.env['LIMIT'];`,
  'src/engine/a.ts': `import { value } from '../kernels/leaf.ts';`,
  'src/engine/b.ts': `import type { Value } from '../nn/leaf.ts';`,
  'src/engine/c.ts': `import { create } from 'webgpu';`,
  'src/engine/d.ts': `export const bytes = Buffer.alloc(4);`,
  'src/kernels/a.ts': `import { value } from '../nn/leaf.ts';`,
  'src/kernels/b.ts': `import { value } from '../data/leaf.ts';`,
  'src/kernels/conv2d/c.ts': `import { value } from '../../nn/leaf.ts';`,
  'src/reference/a.ts': `import { value } from '../nn/leaf.ts';`,
  'src/reference/b.ts': `import { value } from '../check/leaf.ts';`,
  'src/reference/c.ts': `import { value } from '../kernels/leaf.ts';`,
  'src/reference/d.ts': `import type { Value } from '../kernels/leaf.ts';`,
  'src/check/a.ts': `import { value } from '../cli/leaf.ts';`,
  'src/check/b.ts': `import { value } from '../report/leaf.ts';`,
  'src/check/c.ts': `import { readFileSync } from 'node:fs';`,
  'src/nn/a.ts': `import { value } from '../report/leaf.ts';`,
  'src/nn/b.ts': `import { value } from '../data/leaf.ts';`,
  'src/nn/c.ts': `import { join } from 'node:path';`,
  'src/nn/d.ts': `import { value } from '../index.ts';`,
  'src/nn/h.ts': `import { value } from '../recipe/leaf.ts';`,
  'src/recipe/a.ts': `import { value } from '../report/leaf.ts';`,
  'src/recipe/b.ts': `import { value } from '../engine/leaf.ts';`,
  'src/recipe/c.ts': `import { value } from '../node/leaf.ts';`,
  'src/recipe/d.ts': `import { value } from '../cli/leaf.ts';`,
  'src/recipe/e.ts': `import { value } from '../../web/leaf.ts';`,
  'src/recipe/f.ts': `export const home = process.env['HOME'];`,
  'src/report/a.ts': `import { value } from '../data/leaf.ts';`,
  'src/report/b.ts': `import type { Value } from '../data/leaf.ts';`,
  'src/report/c.ts': `import { PNG } from 'pngjs';`,
  'src/report/d.ts': `import { Resvg } from '@resvg/resvg-js';`,
  'src/browser/a.ts': `import { value } from '../node/leaf.ts';`,
  'src/browser/b.ts': `import { readFileSync } from 'node:fs';`,
  'src/browser/c.ts': `import { value } from '../nn/leaf.ts';`,
  'src/browser/index.ts': `export { value } from '../node/leaf.ts';`,
  'src/node/a.ts': `import { value } from '../nn/leaf.ts';`,
  'src/node/b.ts': `import { Command } from 'commander';`,
  'src/node/c.ts': `import { value } from '../cli/leaf.ts';`,
  'src/cli/a.ts': `import { value } from '../index.ts';`,
  'web/a.ts': `import { value } from '../src/node/leaf.ts';`,
  'src/library.ts': `export { value } from './node/leaf.ts';`,
  'src/nn/f.ts': `import { value } from '../library.ts';`,
  'web/views/b.ts': `import { value } from '../../src/cli/leaf.ts';`,
  'src/nn/g.ts': `import { value } from '../check/leaf.ts';`,
  'web/d.ts': `import { value } from '../src/check/leaf.ts';`,
  'web/c.ts': `import { join } from 'node:path';`,
  'src/nn/e.ts': `import { wrap } from 'comlink';`,
  'src/tool.ts': `import { value } from './engine/leaf.ts';`,
  'src/other_tool.ts': `import { value } from 'node:os';`,
  'src/engine/circle.ts': `import { there } from './circle_back.ts';`,
};

const allowed: Record<string, string> = {
  'src/data/yes.ts': `import { value } from '../errors.ts';`,
  'src/engine/yes.ts': `import { value } from '../errors.ts';`,
  'src/kernels/yes.ts': `import { value } from '../engine/leaf.ts';`,
  'src/kernels/conv2d/yes.ts': `import { value } from '../../engine/leaf.ts';`,
  'src/reference/yes.ts': `import { value } from '../engine/leaf.ts';`,
  'src/reference/yes_tool.ts': `import { value } from '../errors.ts';`,
  'src/nn/yes.ts': `import { value } from '../kernels/leaf.ts';`,
  'src/nn/yes_types.ts': `import type { Value } from '../data/leaf.ts';`,
  'src/recipe/yes.ts': `import { value } from '../nn/leaf.ts';`,
  'src/recipe/yes_data.ts': `import { value } from '../data/leaf.ts';`,
  'src/recipe/yes_types.ts': `import type { Value } from '../engine/leaf.ts';`,
  'src/report/yes_recipe.ts': `import { value } from '../recipe/leaf.ts';`,
  'src/report/yes.ts': `import type { Value } from '../nn/leaf.ts';`,
  'src/browser/yes.ts': `import { value } from '../engine/leaf.ts';`,
  'src/node/yes.ts': `import { readFileSync } from 'node:fs';`,
  'src/node/yes_webgpu.ts': `import { create } from 'webgpu';`,
  'src/node/yes_resvg.ts': `import { Resvg } from '@resvg/resvg-js';`,
  'src/check/yes.ts': `import { value } from '../nn/leaf.ts';`,
  'src/check/yes_reference.ts': `import { value } from '../reference/leaf.ts';`,
  'src/cli/yes_check.ts': `import { value } from '../check/leaf.ts';`,
  'src/cli/yes.ts': `import { value } from '../report/leaf.ts';`,
  'src/cli/yes_commander.ts': `import { Command } from 'commander';`,
  'src/index.ts': `export { value } from './nn/leaf.ts';`,
  'web/views/yes.ts': `import { value } from '../../src/nn/leaf.ts';`,
  'web/yes.ts': `export * from 'comlink';`,
  'test/yes.ts': `import { value } from '../src/nn/leaf.ts';`,
};

/** What the forbidden and allowed lines import. */
const leaves: Record<string, string> = {
  'src/errors.ts': `export const value = 1;`,
  'src/engine/circle_back.ts': `import { here } from './circle.ts';`,
};
for (const layer of [
  'data',
  'engine',
  'kernels',
  'reference',
  'check',
  'nn',
  'recipe',
  'report',
  'browser',
  'node',
  'cli',
])
  leaves[`src/${layer}/leaf.ts`] = `export const value = 1;\nexport type Value = number;`;

interface Finding {
  readonly filename: string;
  readonly code: string;
  readonly message: string;
}

let folder = '';
let findings: readonly Finding[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shadegrad-walls-'));
  await copyFile(join(root, 'oxlint.config.mjs'), join(folder, 'oxlint.config.mjs'));
  await copyFile(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const [path, line] of Object.entries({ ...forbidden, ...allowed, ...leaves })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${line}\n`);
  }
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const output = await new Promise<string>((done) => {
    const options = ['-c', 'oxlint.config.mjs', '-f', 'json', 'src', 'test', 'web'];
    execFile(process.execPath, [oxlint, ...options], { cwd: folder }, (_, stdout) => {
      done(stdout); // the exit status is 1, since there are findings
    });
  });
  const walls = /no-restricted-(imports|globals)|no-cycle/;
  findings = (JSON.parse(output) as { diagnostics: Finding[] }).diagnostics.filter(({ code }) =>
    walls.test(code),
  );
}, 30_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(Object.entries(forbidden))('%s may not say: %s', (path) => {
  expect(findings.filter(({ filename }) => filename === path)).toHaveLength(1);
});

test.each(Object.entries(allowed))('%s may say: %s', (path) => {
  expect(findings.filter(({ filename }) => filename === path)).toEqual([]);
});

test('the linter says in plain words what is wrong', () => {
  const said = (path: string) => {
    const { code, message, help } = findings.find(({ filename }) => filename === path) as Finding & {
      help?: string;
    };
    return `${code}: ${message} ${help ?? ''}`;
  };
  expect(said('src/report/a.ts')).toMatchInlineSnapshot(
    `"eslint(no-restricted-imports): '../data/leaf.ts' import is restricted from being used by a pattern. src/report may import from src/engine, src/recipe, and types from src/kernels, src/nn: an import points only to the left in data, engine, kernels, nn, recipe, report."`,
  );
  expect(said('src/engine/c.ts')).toMatchInlineSnapshot(
    `"eslint(no-restricted-imports): 'webgpu' import is restricted from being used by a pattern. src/engine does not use this package: commander belongs to src/cli, comlink to web, pngjs to src/cli and src/node, the others to src/node."`,
  );
  expect(said('src/engine/d.ts')).toMatchInlineSnapshot(
    `"eslint(no-restricted-globals): Unexpected use of 'Buffer'. src/engine also runs in a browser: take what you need as an argument from src/node or src/cli. Use a local variable or function parameter instead of the restricted global."`,
  );
  expect(said('src/nn/b.ts')).toMatchInlineSnapshot(
    `"eslint(no-restricted-imports): '../data/leaf.ts' import is restricted from being used by a pattern. src/nn may import only types from src/data: write \`import type\`, or have the caller pass the value in."`,
  );
});
