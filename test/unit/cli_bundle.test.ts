/**
 * Plan: the bundle of the command line, in memory: help and wrong usage load Commander, the declarations and a few small
 * modules, but not the engine; each command has its own module, imported when the command is called.
 */
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { bundle } from '../../scripts/build.mjs';
import { commands } from '../../src/cli/commands.js';

type Outputs = Awaited<ReturnType<typeof bundle>>['metafile'];

let meta: NonNullable<Outputs>;
beforeAll(async () => {
  meta = (await bundle('cli.mjs')).metafile!;
});

const entry = 'dist/cli.mjs';

/** The sources and packages that an output loads before its first line runs. */
function loadedBy(output: string): { readonly sources: string[]; readonly packages: string[] } {
  const outputs = new Set<string>();
  const packages = new Set<string>();
  const visit = (name: string): void => {
    if (outputs.has(name)) return;
    outputs.add(name);
    for (const { path: imported, kind, external } of meta.outputs[name]!.imports) {
      if (kind !== 'import-statement') continue;
      if (external) packages.add(imported);
      else visit(imported);
    }
  };
  visit(output);
  return {
    sources: [...outputs].flatMap((name) => Object.keys(meta.outputs[name]!.inputs)),
    packages: [...packages].filter((name) => !name.startsWith('node:')).sort(),
  };
}

/** The outputs that are imported when something is called, by their sources. */
const imported = (): Map<string, string> =>
  new Map(
    Object.entries(meta.outputs).flatMap(([name, { entryPoint }]) =>
      entryPoint === undefined || name === entry ? [] : [[entryPoint, name]],
    ),
  );

test('the help loads nothing of the engine', () => {
  const { sources, packages } = loadedBy(entry);
  expect(packages).toEqual(['commander']);
  expect(
    sources.filter((name) => /^(src\/(engine|kernels|nn|reference|check|report)|shaders)\//.test(name)),
  ).toEqual(['src/nn/names.ts', 'src/engine/debug.ts']);
  expect(sources.length).toBeLessThan(40);
});

test('each command has a module that is imported when it is called', () => {
  const modules = [...imported().keys()].map((source) => path.basename(source, '.ts'));
  expect(modules).toHaveLength(commands.length);
  const named = commands.map(({ name }) => name).filter((name) => name !== 'bench-peer');
  expect(modules).toEqual(expect.arrayContaining(named.map((name) => name.replace('-', '_'))));
});

test('commands that need no device do not load WebGPU', () => {
  for (const name of ['demo', 'report']) {
    const { packages } = loadedBy(imported().get(`src/cli/${name}.ts`)!);
    expect(packages, name).not.toContain('webgpu');
  }
});
