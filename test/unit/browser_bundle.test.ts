/**
 * Plan: the library as a browser loads it, bundled in memory: only our own sources and shaders go in, nothing of Node's
 * and no package is asked for (the checks of ops are in neither library), it loads and has the names of Node's entry but for those that need files or a terminal,
 * and it stays small (its size is printed).
 */
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { bundle } from '../../scripts/build.mjs';

let bytes: Uint8Array;
let inputs: string[];
let imports: string[];

beforeAll(async () => {
  const { outputFiles = [], metafile } = await bundle('browser.js');
  bytes = outputFiles.find(({ path }) => path.endsWith('browser.js'))!.contents;
  inputs = Object.keys(metafile!.inputs);
  imports = Object.values(metafile!.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
});

test('holds our own sources and shaders, and asks for nothing else', () => {
  expect(imports).toEqual([]);
  expect(inputs.filter((path) => !/^(src|shaders)\//.test(path))).toEqual([]);
  expect(inputs.filter((path) => /^src\/(node|cli|check)\//.test(path))).toEqual([]);
  expect(inputs.length).toBeGreaterThan(100);
  const text = new TextDecoder().decode(bytes);
  expect(text).not.toMatch(/["']node:|\brequire\(|\bprocess\.env\b/);
});

test('the checks of ops are in the command line and in neither library', async () => {
  const checksIn = async (name: string): Promise<string[]> => {
    const { metafile } = await bundle(name);
    return Object.keys(metafile!.inputs).filter((path) => path.startsWith('src/check/'));
  };
  expect(await checksIn('index.js')).toEqual([]);
  expect(await checksIn('cli.mjs')).toContain('src/check/index.ts');
});

// It imports the whole library, which takes seconds on a busy machine.
test('has the names of the library for Node', { timeout: 60_000 }, async () => {
  const inNode = (await import('../../src/index.js')) as Record<string, object>;
  const address = `data:text/javascript;base64,${Buffer.from(bytes).toString('base64')}`;
  const inBrowsers = (await import(/* @vite-ignore */ address)) as Record<string, object>;
  expect(Object.keys(inNode).filter((name) => !(name in inBrowsers))).toEqual([]);
  const lacking = Object.entries(inNode).flatMap(([group, members]) =>
    typeof members === 'object'
      ? Object.keys(members)
          .filter((name) => !(name in inBrowsers[group]!))
          .map((name) => `${group}.${name}`)
      : [],
  );
  expect(lacking.sort()).toEqual([
    'callbacks.progress',
    'callbacks.tensorBoard',
    'charts.png',
    'datasets.load',
  ]);
});

test('is small', () => {
  const packed = gzipSync(bytes, { level: 9 }).length;
  console.log(`the library for browsers: ${(packed / 1024).toFixed(1)} KiB gzipped, not minified`);
  expect(packed).toBeLessThan(324 * 1024);
});
