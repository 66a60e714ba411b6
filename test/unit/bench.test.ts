/**
 * Plan: what the bench makes of its measurements, without a device:
 *   the middle and the quarters of repeats, against numbers computed by hand; turns that meet all alike
 *   the roofline: which of two bounds holds, and which bandwidth counts for operands of which size
 *   results: what is written is read again; what is no results file is refused
 *   comparison: a regression is found and fails, noise and overlap are not, a gain is one whichever way is better
 *   the chart and the page say the numbers of the results
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compare, regressions } from '../../src/cli/bench/compare.js';
import type { EndToEndRow } from '../../src/cli/bench/end_to_end.js';
import { resultsPage } from '../../src/cli/bench/page.js';
import { checkResultsFile, partialOf } from '../../src/cli/bench/output_files.js';
import { type ReadOptions, readResults } from '../../src/cli/bench/reading.js';
import {
  type BenchResults,
  deviceName,
  format,
  resultsFromJson,
  resultsToJson,
  slugOf,
} from '../../src/cli/bench/results.js';
import { type MemoryRow, leastTime } from '../../src/cli/bench/roofline.js';
import { type Spread, interleave, medianOf, spreadOf } from '../../src/cli/bench/statistics.js';
import type { Output } from '../../src/cli/output.js';
import { textsOf } from './markup.js';

const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-bench-'));
afterAll(() => rmSync(work, { recursive: true }));

/** Quarters `around` of the median away from it. */
const spread = (median: number, around = 0.02): Spread => ({
  median,
  low: median * (1 - around),
  high: median * (1 + around),
  min: median * (1 - 2 * around),
  max: median * (1 + 2 * around),
});

const endToEnd = (task: EndToEndRow['task'], batchSize: number, imagesPerSecond: Spread): EndToEndRow => ({
  task,
  model: 'paper',
  batchSize,
  imagesPerSecond,
  dispatchesPerStep: 40,
  encodeMicroseconds: spread(300),
  peakBytes: 64 * 2 ** 20,
});

const kernel = (name: string, ms: Spread) => ({
  kernel: 'matmul',
  name,
  variant: 'software',
  shapes: '[512,512] [512,512]',
  ms,
  gflops: 0.268 / ms.median,
  gbPerSecond: 0.003 / ms.median,
  cost: { flops: 2 * 512 ** 3, bytes: 12 * 512 ** 2 },
  ofRoofline: 0.5,
  bound: 'arithmetic' as const,
});

const results = (sections: BenchResults['sections']): BenchResults => ({
  format,
  date: '2026-11-22T12:00:00.000Z',
  command: 'npm run bench -- --save',
  isQuick: false,
  device: {
    adapter: 'llvmpipe-llvm-15-0-6-256-bits-',
    vendor: 'mesa',
    architecture: '',
    driver: 'llvmpipe: Mesa 25.0.7',
    runtime: 'dawn',
    subgroupSize: 8,
    family: 'software',
  },
  tuning: 'stored',
  machine: { cpu: 'AMD EPYC', cores: 2, memoryBytes: 24 * 2 ** 30, system: 'Linux' },
  versions: { shadegrad: '0.1.0', node: 'v20.20.2', webgpu: '0.6.2' },
  sections,
});

const full = results({
  endToEnd: [
    endToEnd('training', 32, spread(290)),
    endToEnd('training', 128, spread(351)),
    endToEnd('inference', 128, spread(1234)),
  ],
  kernels: [kernel('square 512', spread(10)), kernel('square 512', spread(20))],
  peers: {
    batchSize: 128,
    rows: [
      { system: 'shadegrad', version: '0.1.0', train: spread(350, 0), infer: spread(1234, 0) },
      { system: 'tfjs', version: '4.22.0', train: spread(7.25, 0), infer: spread(45, 0), trainRatio: 48.4 },
      { system: 'onnx', note: 'skipped: not installed' },
    ],
  },
});

describe('repeats', () => {
  it('the median and the quartiles', () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4, min: 1, max: 5 });
    // Between neighbours in proportion: numpy.percentile([1, 2, 3, 10], [25, 50, 75]) is 1.75, 2.5, 4.75.
    expect(spreadOf([10, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 4.75, min: 1, max: 10 });
    expect(medianOf([7])).toBe(7);
    expect(medianOf([])).toBeNaN();
  });

  it('take turns, and the first round is not counted', async () => {
    const order: string[] = [];
    const run = (name: string) => () => Promise.resolve(order.push(name));
    const times = await interleave([run('a'), run('b')], { rounds: 2, seconds: Infinity });
    expect(order.join('')).toBe('ababab');
    expect(times).toEqual([
      [3, 5],
      [4, 6],
    ]);
  });

  it('end when their time is over, but not before the least', async () => {
    const times = await interleave([() => Promise.resolve(1)], { rounds: 1000, seconds: 0, least: 4 });
    expect(times[0]).toHaveLength(4);
  });
});

describe('roofline', () => {
  const memory = (bytes: number, gbPerSecond: number): MemoryRow => ({
    way: 'copy',
    width: 'vec4',
    bytes,
    gbPerSecond: spread(gbPerSecond, 0),
  });
  const roofline = { peakGflops: 100, memory: [memory(2e6, 80), memory(32e6, 40), memory(128e6, 10)] };

  it('many operations per byte are bound by arithmetic', () => {
    // 2 · 10⁹ operations at 100 GFLOP/s.
    expect(leastTime(roofline, { flops: 2e9, bytes: 1e6 })).toEqual({ ms: 20, bound: 'arithmetic' });
  });

  it('few operations per byte are bound by memory', () => {
    expect(leastTime(roofline, { flops: 1e6, bytes: 200e6 })).toEqual({ ms: 20, bound: 'memory' });
  });

  it('operands that fit a cache are measured against it', () => {
    expect(leastTime(roofline, { flops: 0, bytes: 16e6 }).ms).toBeCloseTo(0.4, 9);
    expect(leastTime(roofline, { flops: 0, bytes: 1e6 }).ms).toBeCloseTo(0.0125, 9);
  });
});

describe('results', () => {
  it('are read as they were written', () => {
    const text = resultsToJson(full);
    const read = resultsFromJson(text, 'x.json');
    expect(resultsToJson(read)).toBe(text);
    expect({ ...read, sections: {} }).toEqual({ ...full, sections: {} });
    expect(Object.keys(read.sections)).toEqual(Object.keys(full.sections));
    expect(read.sections.endToEnd).toHaveLength(3);
    expect(read.sections.peers).toEqual(full.sections.peers);
  });

  it('keep six figures of what was measured, and all of what was counted', () => {
    const row = endToEnd('training', 1, { median: 100 / 3, low: 1 / 3, high: 2e6 / 3, min: 0.1, max: 7 });
    const [found] = resultsFromJson(resultsToJson(results({ endToEnd: [row] })), 'x.json').sections.endToEnd!;
    expect(found!.imagesPerSecond).toEqual({
      median: 33.3333,
      low: 0.333333,
      high: 666667,
      min: 0.1,
      max: 7,
    });
    expect(found!.peakBytes).toBe(67_108_864);
  });

  it('have a line per row, so that two files can be compared by eye', () => {
    const lines = resultsToJson(full).split('\n');
    expect(lines.filter((line) => line.includes('"task":"training"'))).toHaveLength(2);
    expect(lines).toContain(' "isQuick": false,');
  });

  it('and nothing else is', () => {
    const read = (text: string) => () => resultsFromJson(text, 'x.json');
    expect(read('{')).toThrow(/^x\.json: damaged: it is not JSON/);
    expect(read('null')).toThrow(/it has no format, expected 'shadegrad bench 1'/);
    expect(read('{"format":"shadegrad bench 0"}')).toThrow(/its format is 'shadegrad bench 0', expected/);
    expect(read(`{"format":"${format}"}`)).toThrow(/not results of 'npm run bench': it has no date/);
    const changed = (before: string, after: string) => read(resultsToJson(full).replace(before, after));
    expect(changed('"median":', '"middle":')).toThrow(
      "x.json: not results of 'npm run bench': it has no sections.endToEnd[0].imagesPerSecond.median. Measure again with 'npm run bench -- --out FILE'.",
    );
    expect(changed('"cores": ', '"cores": [], "": ')).toThrow(
      /machine\.cores is \[\], expected a number or null\. /,
    );
    expect(changed('"shadegrad": "', '"shadegrad": 1, "": "')).toThrow(
      /: versions\.shadegrad is 1, expected a string\./,
    );
  });

  it('are named after the device, and after the processor where that is the device', () => {
    expect(slugOf(full)).toBe('llvmpipe-on-amd-epyc');
    const gpu = { ...full, device: { ...full.device, adapter: 'NVIDIA H200', family: 'gpu' } };
    expect([deviceName(gpu), slugOf(gpu)]).toEqual(['NVIDIA H200', 'nvidia-h200']);
  });
});

describe('comparison', () => {
  const rate = (now: Spread) => results({ endToEnd: [endToEnd('training', 128, now)] });
  const verdictOf = (before: Spread, after: Spread) => {
    const rows = compare(rate(before), rate(after));
    const found = rows.find(({ unit }) => unit === 'images/s')!;
    return { verdict: found.verdict, gain: found.gain, lost: regressions(rows, 0.15).length };
  };

  it('fewer images per second are a regression', () => {
    expect(verdictOf(spread(300), spread(240))).toEqual({ verdict: 'regression', gain: 0.8, lost: 1 });
  });

  it('less than the threshold does not fail', () => {
    expect(verdictOf(spread(300), spread(264))).toEqual({ verdict: 'regression', gain: 0.88, lost: 0 });
  });

  it('a tenth is noise, and so is what the quarters of the repeats overlap in', () => {
    expect(verdictOf(spread(300, 0), spread(275, 0)).verdict).toBe('same');
    expect(verdictOf(spread(300, 0.15), spread(240, 0.15)).verdict).toBe('same');
  });

  it('fewer milliseconds are a gain', () => {
    const of = (ms: number) => results({ kernels: [kernel('square 512', spread(ms))] });
    expect(compare(of(10), of(8))).toEqual([
      {
        name: 'square 512: matmul [512,512] [512,512]',
        unit: 'ms',
        before: 10,
        after: 8,
        gain: 1.25,
        verdict: 'gain',
      },
    ]);
  });

  it('kernels that look alike are compared in their order, and other systems not at all', () => {
    const rows = compare(full, full);
    expect(rows.filter(({ unit }) => unit === 'ms').map(({ name, after }) => [name, after])).toEqual([
      ['square 512: matmul [512,512] [512,512]', 10],
      ['square 512: matmul [512,512] [512,512] (2)', 20],
    ]);
    expect(rows.every(({ verdict, gain }) => verdict === 'same' && gain === 1)).toBe(true);
    expect(rows.filter(({ name }) => name.includes('tfjs'))).toEqual([]);
  });
});

describe('what is read without a device', () => {
  const lines: string[] = [];
  const output = {
    hasColour: false,
    say: (...said: string[]) => void lines.push(...said),
    result: () => undefined,
  } as unknown as Output;
  const write = (name: string, contents: BenchResults): string => {
    const file = path.join(work, name);
    writeFileSync(file, resultsToJson(contents));
    return file;
  };
  const reading = async (options: Partial<ReadOptions>): Promise<number> =>
    readResults({ threshold: 15, results: path.join(work, 'none'), ...options }, output);

  it('a comparison fails beyond its threshold', async () => {
    const before = write('before.json', full);
    const after = write('after.json', results({ endToEnd: [endToEnd('training', 128, spread(250))] }));
    lines.length = 0;
    expect(await reading({ compare: [before, after] })).toBe(1);
    expect(lines.join('\n')).toMatch(/^! +training, batch 128 +351\.0 +250\.0 +images\/s +0\.71×$/m);
    expect(lines.at(-1)).toBe('1 of 4 figures lost more than 15 %: training, batch 128.');
    expect(await reading({ compare: [before, after], threshold: 30 })).toBe(0);
    expect(await reading({ compare: [before, before] })).toBe(0);
    expect(lines.join('\n')).not.toContain('Two devices');
    const elsewhere = write('elsewhere.json', { ...full, machine: { ...full.machine, cpu: 'Ampere Altra' } });
    await reading({ compare: [before, elsewhere] });
    expect(lines).toContain(
      'The devices differ: llvmpipe on AMD EPYC before, llvmpipe on Ampere Altra after.',
    );
  });

  it('refuses one file, files without a common figure, and an empty folder', async () => {
    const file = write('one.json', full);
    await expect(reading({ compare: [file] })).rejects.toThrow(/takes two results files.* got 1\./);
    await expect(reading({ compare: [file, write('no.json', results({}))] })).rejects.toThrow(
      /no figures in common/,
    );
    await expect(reading({ chart: path.join(work, 'x.svg') })).rejects.toThrow(
      /there are no results in .*none/,
    );
  });

  it('draws the systems and the batch sizes, light and dark', async () => {
    const folder = path.join(work, 'results');
    const chart = path.join(work, 'bench.svg');
    mkdirSync(folder);
    write('results/a.json', full);
    expect(await reading({ chart, results: folder })).toBe(0);
    const svg = readFileSync(chart, 'utf8');
    const texts = textsOf(svg);
    expect(texts).toContain('Images per second at batch 128, llvmpipe on AMD EPYC');
    for (const said of ['tfjs', '7.25', '1,234', 'Images per second by batch size, training'])
      expect(texts).toContain(said);
    const markdown = path.join(work, 'pages', 'bench.md');
    mkdirSync(path.dirname(markdown));
    await reading({ chart, markdown, results: folder });
    expect(readFileSync(markdown, 'utf8')).toContain('![Images per second](../bench.svg)');
    // What was skipped has no bar; the places along the axis are the batch sizes.
    expect(texts).not.toContain('onnx');
    expect(texts).toEqual(expect.arrayContaining(['32', '128', 'batch size']));
    expect(svg).toContain('@media (prefers-color-scheme:dark){.f-paper{fill:#14171c}');
  });

  it("leaves a user's files, and replaces its own", async () => {
    const folder = path.join(work, 'own');
    mkdirSync(folder);
    const file = write('own/a.json', full);
    const [chart, markdown] = [path.join(work, 'mine.svg'), path.join(work, 'mine.md')];
    for (const [option, mine] of [
      [{ chart }, '<svg xmlns="http://www.w3.org/2000/svg" aria-label="Mine">'],
      [{ markdown }, '# Measurements of mine'],
    ] as const) {
      const [at] = Object.values(option) as [string];
      writeFileSync(at, mine);
      await expect(reading({ ...option, results: folder })).rejects.toThrow(
        `${at} exists and was not written`,
      );
      expect(readFileSync(at, 'utf8')).toBe(mine);
      writeFileSync(at, '');
      for (let i = 0; i < 2; i++) await reading({ ...option, results: folder });
    }
    // As `bench` checks them before it measures.
    await checkResultsFile(file);
    writeFileSync(partialOf(file), 'mine');
    await expect(checkResultsFile(file)).rejects.toThrow(
      `${partialOf(file)} exists and is not a results file`,
    );
    writeFileSync(file, '{"mine":1}');
    await expect(checkResultsFile(file)).rejects.toThrow(`${file} exists and is not a results file`);
  });

  it('refuses to draw results without images per second', async () => {
    const folder = path.join(work, 'kernels');
    mkdirSync(folder);
    write('kernels/a.json', results({ kernels: full.sections.kernels ?? [] }));
    await expect(reading({ chart: path.join(work, 'y.svg'), results: folder })).rejects.toThrow(
      /no images per second to draw/,
    );
  });

  it('writes the page with device, systems and kernels', () => {
    const page = resultsPage([full], 'charts/bench.svg');
    expect(page).toContain('![Images per second](charts/bench.svg)');
    expect(page).toContain('## llvmpipe on AMD EPYC');
    expect(page).toContain('| tfjs 4.22.0 | – | 7.25 | 48.4× | 45 | – |');
    expect(page).toContain('| onnx | – | – | – | – | – | – | skipped: not installed |');
    expect(page).toMatch(/\| matmul \| square 512 \| software \| .* \| 10\.00 \|/);
    expect(page).toContain('webgpu 0.6.2');
  });
});
