/**
 * The parts of the section Inside that need no document (web/views/inside_*.ts):
 *   the table of kernels: groups in the order of the step, sums, directions, sorting with and without groups, nulls last
 *   the kernel of a layer; the details of a kernel that its file name omits
 *   WGSL tokens: comments, numbers, types, calls; joined, they are the line, for every shader
 *   formatted numbers
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KernelRow } from '../../web/protocol.js';
import {
  type Direction,
  type SortKey,
  detailWords,
  kernelGroups,
  kernelOfLayer,
  passOf,
} from '../../web/views/inside_kernel_rows.js';
import { type Token, tokensOf } from '../../web/views/inside_wgsl.js';
import { layerWords, msWords, shapeWords, valueWords } from '../../web/views/inside_words.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';

function row(
  index: number,
  scopes: string[],
  shader: string,
  ms: number | null,
  more: Partial<KernelRow> = {},
): KernelRow {
  return {
    index,
    scopes,
    isBackward: false,
    label: shader,
    shader,
    variant: 'baseline',
    shapes: `[${index}]`,
    workgroups: [1, 1, 1],
    ms,
    gflops: null,
    gbytes: null,
    ...more,
  };
}

const rows = [
  row(0, ['inputs'], 'batch_gather/forward', 1),
  row(1, ['conv2d'], 'conv2d/pack_software', 0.5, { label: 'conv2d/forward + relu/forward' }),
  row(2, ['conv2d'], 'conv2d/forward_software', 4, { label: 'conv2d/forward + relu/forward', gflops: 7 }),
  row(3, ['pool', 'dropout'], 'max_pool2d/forward', 2, { label: 'max_pool2d/forward + dropout/forward' }),
  row(4, ['loss'], 'softmax_cross_entropy/forward', 0.25),
  row(5, ['conv2d'], 'conv2d/kernel_gradient', 8, { isBackward: true, gflops: 3 }),
  row(6, ['optimizer'], 'rmsprop/update', 1.5),
  row(7, [], 'elementwise/map', 0),
];

interface Shown {
  readonly isDescending?: boolean;
  readonly direction?: Direction;
  readonly isGrouped?: boolean;
}

function groups(key: SortKey = 'layer', shown: Shown = {}): string[] {
  const { isDescending = false, direction = 'all', isGrouped = true } = shown;
  return kernelGroups(rows, { direction, sorting: { key, isDescending }, isGrouped }).map(
    ({ scope, rows: own, ms }) => `${scope} ${ms}: ${own.map(({ index }) => index).join(' ')}`,
  );
}

describe("the kernels' table", () => {
  it('has the layers in the order of the step, both directions of one together, with sums', () => {
    expect(groups()).toEqual([
      'inputs 1: 0',
      'conv2d 12.5: 1 2 5',
      'pool 2: 3',
      'loss 0.25: 4',
      'optimizer 1.5: 6',
      'other 0: 7',
    ]);
    expect(groups('layer', { isDescending: true })[0]).toBe('other 0: 7');
  });

  it('sorts rows within their layers and layers by their sums', () => {
    expect(groups('ms', { isDescending: true })).toEqual([
      'conv2d 12.5: 5 2 1',
      'pool 2: 3',
      'optimizer 1.5: 6',
      'inputs 1: 0',
      'loss 0.25: 4',
      'other 0: 7',
    ]);
  });

  it('sorts all rows where they are not grouped, those without a number last either way', () => {
    expect(groups('ms', { isGrouped: false })).toEqual([' 17.25: 7 4 1 0 6 3 2 5']);
    expect(groups('gflops', { isGrouped: false })).toEqual([' 17.25: 5 2 0 1 3 4 6 7']);
    expect(groups('gflops', { isGrouped: false, isDescending: true })).toEqual([' 17.25: 2 5 0 1 3 4 6 7']);
    expect(groups('kernel', { isGrouped: false })).toEqual([' 17.25: 0 2 5 1 7 3 6 4']);
    expect(groups('pass', { isGrouped: false })).toEqual([' 17.25: 0 1 2 3 4 7 5 6']);
  });

  it('shows one direction, with the sums of what is shown', () => {
    expect(groups('layer', { direction: 'backward' })).toEqual(['conv2d 8: 5']);
    expect(groups('layer', { direction: 'forward' })[1]).toBe('conv2d 4.5: 1 2');
    expect(rows.map(passOf).filter((primitive) => primitive === 'update')).toHaveLength(1);
  });

  it('has no sums where there are no times', () => {
    const untimed = rows.map((each) => ({ ...each, ms: null }));
    const options = {
      direction: 'all',
      sorting: { key: 'ms', isDescending: true },
      isGrouped: true,
    } as const;
    expect(kernelGroups(untimed, options).map(({ ms }) => ms)).toEqual([null, null, null, null, null, null]);
  });
});

describe("a layer's kernel", () => {
  const shaderOf = (layer: string, isSoftmax = false) => kernelOfLayer(rows, { layer, isSoftmax })?.shader;

  it('is the last of its forward ones, or the one that computes it on the way', () => {
    expect(shaderOf('conv2d')).toBe('conv2d/forward_software');
    expect(shaderOf('dropout')).toBe('max_pool2d/forward');
    expect(shaderOf('flatten')).toBeUndefined();
  });

  it('is another one for the softmax behind it, which a training computes with the loss', () => {
    expect(shaderOf('dense', true)).toBe('softmax_cross_entropy/forward');
    const prediction = [row(0, ['dense'], 'matmul/forward', 1), row(1, ['dense'], 'softmax/forward', 1)];
    expect(kernelOfLayer(prediction, { layer: 'dense', isSoftmax: false })?.index).toBe(0);
    expect(kernelOfLayer(prediction, { layer: 'dense', isSoftmax: true })?.index).toBe(1);
  });

  it('is described by details that its file name omits', () => {
    expect(rows.map(detailWords)).toEqual([
      '',
      'of conv2d/forward with relu',
      'with relu',
      'with dropout, also for dropout',
      '',
      '',
      '',
      '',
    ]);
  });
});

describe('WGSL', () => {
  const kinds = (line: string): string[] =>
    tokensOf(line)
      .filter(({ kind }) => kind !== 'plain')
      .map(({ kind, text }) => `${kind} ${text}`);

  it('has comments, keywords, types, numbers, attributes and calls', () => {
    expect(kinds('const N: u32 = 0x1Fu; //! fn images')).toEqual([
      'keyword const',
      'type u32',
      'number 0x1Fu',
      'comment //! fn images',
    ]);
    expect(kinds('@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;')).toEqual([
      'attribute @group',
      'number 0',
      'attribute @binding',
      'number 3',
      'keyword var',
      'keyword storage',
      'keyword read_write',
      'type array',
      'type vec4',
      'type f32',
    ]);
    expect(kinds('  let v0 = max(value, 1.5e-3f) * x2 - 3.0;')).toEqual([
      'keyword let',
      'call max',
      'number 1.5e-3f',
      'number 3.0',
    ]);
    expect(kinds('  letter = format + truest_1;')).toEqual([]);
  });

  it('is the line again when its tokens are joined, for every line of every shader', () => {
    const files = readdirSync('shaders', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.wgsl'),
    );
    expect(files.length).toBeGreaterThan(40);
    const textOf = (tokens: readonly Token[]): string => tokens.map(({ text }) => text).join('');
    for (const file of files)
      for (const line of readFileSync(path.join('shaders', file), 'utf8').split('\n'))
        expect(textOf(tokensOf(line))).toBe(line);
  });
});

describe('words', () => {
  it('know every class of layer', () => {
    const unknown = layerWords('Unheard');
    for (const className of Object.keys(layerClasses))
      expect(layerWords(className), className).not.toBe(unknown);
  });

  it('give numbers as people read them', () => {
    expect([0, 0.031249, -1.2, 14.0623, -0.00004, 3136].map(valueWords)).toEqual([
      '0',
      '0.0312',
      '−1.2',
      '14.1',
      '−4.0e−5',
      '3140',
    ]);
    expect([0, 0.0049, 0.005, 0.426, 12.34, 99.96, 1204.4].map(msWords)).toEqual([
      '< 0.01',
      '< 0.01',
      '0.01',
      '0.43',
      '12.3',
      '100.0',
      '1,204',
    ]);
    expect(shapeWords([28, 28, 3136])).toBe('28 × 28 × 3,136');
  });
});
