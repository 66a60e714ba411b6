/**
 * The built page, in memory:
 *   exactly the files in the server's table
 *   small: the scripts at the start of a visit have less than 128 KB compressed; they contain only the layers, ops and losses
 *     that the built-in models need; the code that is loaded on demand is not in them, and belongs to the same build
 *   no Node modules in the scripts; no URL of another origin in any file
 *   all URLs in index.html are relative and refer to built files; it contains the server's CSP, except directives that a
 *     <meta> cannot have; nothing inline that the policy forbids
 *   colours of charts in the style sheet, for light, dark, and the switch
 *   each built-in model is complete, without optimizer, and has a description
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPage, firstModulesOfWorker, isOfTraining } from '../../scripts/build_page.mjs';
import { shaderNames } from '../../scripts/shader_names.mjs';
import { pageFileNames } from '../../src/cli/demo/page_files.js';
import { headerPolicy, pagePolicy } from '../../src/cli/demo/policy.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import { modelsByName } from '../../src/nn/models.js';
import { modelNames } from '../../src/nn/names.js';
import { filters, preprocessing } from '../../src/nn/samples/preprocessing.js';
import { colours } from '../../src/report/charts/palette.js';
import { hollowDevice } from './fake_device.js';
import { plannedPrediction } from './planned_step.js';

let files: ReadonlyMap<string, Uint8Array>;
beforeAll(async () => {
  files = await buildPage();
}, 60_000);

const bytesOf = (name: string): Uint8Array => files.get(name)!;
const textOf = (name: string): string => new TextDecoder().decode(bytesOf(name));
/** The worker's scripts that every visit loads. */
const firstWorker = (): string => textOf('worker.js') + textOf('worker-chunk.js');
/** All scripts that every visit loads. */
const firstScripts = ['page.js', 'page-chunk.js', 'worker.js', 'worker-chunk.js', 'theme.js'];
const scripts = pageFileNames.filter((name) => name.endsWith('.js'));

describe('the built page', () => {
  it('has the files that the server knows', () => {
    expect([...files.keys()].sort()).toEqual([...pageFileNames].sort());
  });

  it('is small', () => {
    const packed = (name: string): number => gzipSync(bytesOf(name), { level: 9 }).length;
    const scripts = firstScripts.reduce((sum, name) => sum + packed(name), 0);
    // A visit fetches the shaders of one family.
    const shaders = Math.max(packed('shaders_gpu.json'), packed('shaders_software.json'));
    expect(scripts + shaders).toBeLessThan(131_000);
    // The build omits checks of arguments and their messages, since the compiler has checked the calls.
    expect(textOf('worker-chunk.js').includes('a list of callbacks')).toBe(false);
  });

  it('loads the code that few visits need on demand', () => {
    // Code that reads CSV, and code that measures kernels.
    for (const words of ['holds a header and no rows', 'it changes its inputs']) {
      expect(scripts.filter((name) => textOf(name).includes(words))).toEqual(['worker-on_demand.js']);
    }
    const imported = [...textOf('worker.js').matchAll(/(?:from|import)\s*["']([^"']+)["']/g)];
    expect(imported.map(([, name]) => name)).toEqual(['./worker-chunk.js']);
    for (const name of ['on_demand', 'all_layers', 'cpu_model'])
      expect(firstWorker()).toContain(`import("./worker-${name}.js")`);
  });

  it('begins with the layers, losses and ops of the built-in models, and with no optimizer', async () => {
    const modules = await firstModulesOfWorker();
    const namesIn = (folder: string): string[] =>
      modules
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1).replace('.ts', ''))
        .sort();
    const layers = ['conv2d', 'dense', 'dropout', 'flatten', 'max_pooling2d'];
    const shared = ['activation_registry', 'layer', 'pooling2d', 'registry'];
    expect(namesIn('src/nn/layers')).toEqual([...layers, ...shared].sort());
    expect(namesIn('src/nn/losses').filter((name) => name !== 'other_loss_names')).toEqual([
      'registry',
      'softmax_crossentropy',
    ]);
    expect(namesIn('src/nn/optimizers')).toEqual(['optimizer_rule']);
    expect(namesIn('src/reference')).toEqual([]);
    const ops = new Set(modules.flatMap((path) => /^shaders\/(\w+)\//.exec(path)?.[1] ?? []));
    expect([...ops].sort()).toEqual([
      'augment',
      'batch_gather',
      'batch_gather_chunks',
      'conv2d',
      'elementwise',
      'filter2d',
      'floats',
      'l2_penalty',
      'matmul',
      'max_pool2d',
      'pool2d',
      'product',
      'random',
      'softmax',
      'softmax_cross_entropy',
      'step_state',
      'sum',
    ]);
    // The index of all ops would bring all of them.
    expect(namesIn('src/kernels')).not.toContain('index');
  });

  it('holds no cases of the checks of ops', () => {
    expect(scripts.filter((name) => textOf(name).includes('above a workgroup'))).toEqual([]);
  });

  it('marks the files of one build', () => {
    const [stamp] = textOf('worker-on_demand.js').match(/(?<=")[0-9a-f]{12}(?=")/) ?? [];
    expect(stamp).toBeDefined();
    for (const name of ['all_layers', 'cpu_model'])
      expect(textOf(`worker-${name}.js`)).toContain(`"${stamp}"`);
    expect(firstWorker()).toContain(`"${stamp}"`);
    for (const kind of ['gpu', 'gpu_training', 'software', 'software_training'])
      expect(textOf(`shaders_${kind}.json`)).toContain(`"build":"${stamp}"`);
    expect([...files.keys()].filter((name) => textOf(name).includes('%build%'))).toEqual([]);
  });

  it.each(scripts)('%s needs nothing of Node', (name) => {
    expect(textOf(name)).not.toMatch(/["']node:|\brequire\(|\bprocess\.|\bBuffer\.|\b__dirname\b/);
  });

  it('names no other origin', () => {
    const texts = [...files.keys()].filter((name) => !name.endsWith('.safetensors'));
    const found = texts.flatMap((name) => textOf(name).match(/\b(?:https?|wss?):\/\/[^\s"'`)]+/g) ?? []);
    // A namespace, which is never fetched, and a URL in an error message.
    const harmless = ['http://www.w3.org/2000/svg', 'http://localhost.'];
    expect([...new Set(found)].filter((address) => !harmless.includes(address))).toEqual([]);
  });
});

describe('index.html', () => {
  it('refers only to files of the page, with relative URLs', () => {
    const asked = [...textOf('index.html').matchAll(/\b(?:src|href)="([^"]*)"/g)].map(
      ([, address]) => address!,
    );
    const others = asked.filter((address) => !address.startsWith('#') && !files.has(address));
    expect({ asked: asked.length > 5, others }).toEqual({ asked: true, others: [] });
  });

  it('contains the policy, except directives that need a header', () => {
    expect(textOf('index.html')).toContain(`content="${pagePolicy}"`);
    expect(headerPolicy).toBe(`${pagePolicy}; frame-ancestors 'none'`);
  });

  it('has nothing inline', () => {
    const page = textOf('index.html');
    expect(page).not.toMatch(/ style=| on[a-z]+=|<style|javascript:/);
    expect(
      [...page.matchAll(/<script([^>]*)>([^<]*)</g)].map(([, attributes, inside]) => [
        /src=/.test(attributes!),
        inside,
      ]),
    ).toEqual([
      [true, ''],
      [true, ''],
    ]);
  });
});

it('shaders are sent without comments, which are in a separate file', () => {
  const comments = JSON.parse(textOf('shaders.json')) as Record<
    string,
    { head: string; meanings: Record<string, string> }
  >;
  expect(Object.keys(comments)).toEqual(shaderNames());
  const source = readFileSync('shaders/elementwise/map.wgsl', 'utf8');
  const { head, meanings } = comments['elementwise/map']!;
  expect(meanings).toMatchObject({ SIZE: 'elements of y', WORKGROUP: 'invocations per workgroup' });
  expect(source.startsWith(head.trimEnd())).toBe(true);
  expect(head).toMatch(/^\/\/ .*\n\n$/s);
  expect(textOf('worker-chunk.js')).not.toContain(head.split('\n')[0]);
  // The marks of constants that the engine replaces stay.
  expect(textOf('worker-chunk.js')).toMatch(/const WORKGROUP: u32 = \d+; ?\/\/!(\n|\\n)/);
});

describe.each(['gpu', 'software'])('the shaders for the family %s', (family) => {
  const shadersIn = (file: string): Readonly<Record<string, string>> =>
    (JSON.parse(textOf(file)) as { shaders: Record<string, string> }).shaders;
  /** The shaders in the first scripts, whose text is empty if a file contains it. */
  const registered = (): string[] => {
    const scripts = firstWorker();
    return shaderNames().filter((name) => scripts.includes(`"${name}":`));
  };

  it('are in one file, and those that only trainings use in another', () => {
    const names = registered().filter((name) => !name.includes(family === 'gpu' ? '_software' : '_gpu'));
    const ofTraining = names.filter(isOfTraining);
    const others = names.filter((name) => name.includes(`_${family}`) && !isOfTraining(name));
    expect(Object.keys(shadersIn(`shaders_${family}.json`))).toEqual(others);
    expect(Object.keys(shadersIn(`shaders_${family}_training.json`))).toEqual(ofTraining);
    expect(others).toContain(`conv2d/forward_${family}`);
    expect(ofTraining).toContain('conv2d/kernel_gradient_baseline');
  });

  it('are complete there, and not in the scripts', () => {
    const isInScripts = (code: string): boolean => textOf('worker-chunk.js').includes(code.slice(-200));
    const map = readFileSync('shaders/elementwise/map.wgsl', 'utf8');
    expect(isInScripts(map.trimEnd())).toBe(true);
    for (const file of [`shaders_${family}.json`, `shaders_${family}_training.json`]) {
      for (const [name, code] of Object.entries(shadersIn(file)))
        expect([name, code.includes('fn '), isInScripts(code)]).toEqual([name, true, false]);
    }
  });

  it.each(modelNames)('that a prediction of %s uses are not among those of training', (name) => {
    const device = hollowDevice(family as 'gpu' | 'software');
    const model = modelsByName[name]({
      device,
      preprocessing: preprocessing({ filters: [filters.blur()] }),
    });
    for (const batch of [1, 16, 256]) {
      const { dispatches } = plannedPrediction(model, batch);
      const shaders = dispatches.map(({ shader }) => shader.label);
      expect(shaders.filter(isOfTraining)).toEqual([]);
      expect(shaders.length).toBeGreaterThan(2);
    }
  });
});

it('page.css has the colours of charts, light and dark', () => {
  const style = textOf('page.css');
  expect(style.split(`--blue:${colours.blue.light}`)).toHaveLength(2);
  // For the system's theme, and for the switch.
  expect(style.split(`--blue:${colours.blue.dark}`)).toHaveLength(3);
});

describe.each(['digits', 'fashion'])('the model for %s', (name) => {
  it('is complete, and without an optimizer', () => {
    const { metadata, tensors } = readSafetensors(bytesOf(`models/${name}.safetensors`), name);
    expect(JSON.parse(metadata['model']!)).toMatchObject({ className: 'Sequential', name: 'small' });
    const count = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(count).toBe(modelsByName.small().parameterCount);
  });

  it('is described', () => {
    const said = JSON.parse(textOf(`models/${name}.json`)) as {
      classes: string[];
      test: { accuracy: number };
    };
    expect(said).toMatchObject({
      name,
      model: 'small',
      command: expect.stringContaining(`--dataset ${name} `) as string,
    });
    expect(said.classes).toHaveLength(10);
    expect(said.test.accuracy).toBeGreaterThan(name === 'digits' ? 0.99 : 0.88);
  });
});
