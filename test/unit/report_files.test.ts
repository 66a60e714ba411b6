/**
 * Plan: a run folder becomes evaluation.json, a page and pictures; from the folder alone they become the same bytes
 * again; runs are put side by side. Folders without a run, unfinished and damaged ones: a line, or what there is.
 * Then SVG to PNG: size, letters without any font of the system, what is no SVG.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { report } from '../../src/cli/report.js';
import { reportFiles, writeReport } from '../../src/cli/report_writer.js';
import { ImageSet } from '../../src/data/dataset.js';
import { decodePng } from '../../src/data/png.js';
import { DataError, FileError, ModelError, UsageError } from '../../src/errors.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/model.js';
import { openFolder } from '../../src/node/files.js';
import { evaluationFromJson } from '../../src/report/evaluation_file.js';
import { svgToPng } from '../../src/node/svg_png.js';

const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-report-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const at = (...names: string[]): string => path.join(work, ...names);

let said = '';
beforeEach(() => {
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return () => vi.restoreAllMocks();
});

const images = new ImageSet({
  images: new Uint8Array(5 * 9).map((_, i) => (i * 37) % 256),
  labels: Uint8Array.of(0, 1, 2, 2, 1),
  height: 3,
  width: 3,
  channels: 1,
  classNames: ['cat', 'dog', 'owl & co'],
});
// Two of five are wrong.
const probabilities = Float32Array.of(
  0.7,
  0.2,
  0.1,
  0.1,
  0.6,
  0.3,
  0.5,
  0.3,
  0.2,
  0.1,
  0.1,
  0.8,
  0.5,
  0.4,
  0.1,
);
const run = {
  format: 'shadegrad run 3',
  recipe: { dataset: 'animals', epochs: 2 },
  model: 'mlp',
  images: { train: 5, validation: 1, test: 5 },
  result: { bestEpoch: 2, test: { accuracy: 0.6, loss: 0.7 } },
};

async function makeRun(name: string, changes: object = {}): Promise<void> {
  const folder = openFolder(at(name));
  await folder.write('run.json', JSON.stringify({ ...run, ...changes }));
  await folder.write(
    'history.json',
    '{"epochs":[1,2],"metrics":{"loss":[1,0.5],"accuracy":[0.4,0.6],"val_loss":[1,0.7],"val_accuracy":[0.4,"NaN"]}}',
  );
  const model = sequential([flatten({ inputShape: [3, 3, 1] }), dense({ units: 3, activation: 'softmax' })]);
  await folder.write('model.json', JSON.stringify(model.toJson()));
}

describe('the report of a run', () => {
  it('is written, and from the folder alone comes out the same', async () => {
    await makeRun('a');
    const written = await writeReport({
      folder: openFolder(at('a')),
      test: { images, probabilities },
      seed: 3,
    });
    expect([...written].sort()).toEqual([...reportFiles].sort());
    const { tested } = evaluationFromJson(readFileSync(at('a', 'evaluation.json')), 'evaluation.json');
    expect(tested!.evaluation.accuracy).toBe(0.6);
    const before = reportFiles.map((name) => readFileSync(at('a', name)));
    expect(await report([at('a')], {})).toBe(0);
    reportFiles.forEach((name, i) => expect(readFileSync(at('a', name)).equals(before[i]!), name).toBe(true));
    const page = readFileSync(at('a', 'report.html'), 'utf8');
    expect(page).toContain('owl &amp; co');
    // Flatten has no parameters, the dense layer 9·3 + 3.
    expect(page).toMatch(/dense<\/th><td>Dense<\/td><td>3<\/td><td class="number">30</);
    expect(said).toMatch(
      /^Wrote to .*: report\.html, accuracy\.png, loss\.png, confusion\.png, worst\.png, random\.png\.\n$/,
    );
  });

  it('goes elsewhere when asked to', async () => {
    expect(await report([at('a')], { out: at('copy'), json: true })).toBe(0);
    expect(JSON.parse(said)).toMatchObject({
      out: at('copy'),
      files: expect.arrayContaining(['report.html']) as object,
    });
    expect(readdirSync(at('copy'))).toHaveLength(6);
  });

  it('of a running or new run shows what exists', async () => {
    await makeRun('unfinished', { result: undefined });
    writeFileSync(at('unfinished', 'worst.png'), 'of an older run');
    expect(await report([at('unfinished')], {})).toBe(0);
    expect(readdirSync(at('unfinished')).sort()).toEqual([
      'accuracy.png',
      'history.json',
      'loss.png',
      'model.json',
      'report.html',
      'run.json',
    ]);
    rmSync(at('unfinished', 'history.json'));
    rmSync(at('unfinished', 'model.json'));
    expect(await report([at('unfinished')], {})).toBe(0);
    expect(readFileSync(at('unfinished', 'report.html'), 'utf8')).toContain('This run has not finished');
  });

  it('probabilities that do not fit write nothing', async () => {
    await makeRun('short');
    const folder = openFolder(at('short'));
    await expect(
      writeReport({ folder, test: { images, probabilities: probabilities.subarray(1) }, seed: 0 }),
    ).rejects.toThrow(DataError);
    expect(await folder.exists('evaluation.json')).toBe(false);
  });
});

describe('a comparison', () => {
  it('of two runs', async () => {
    await makeRun('b', { recipe: { dataset: 'animals', epochs: 3 } });
    await writeReport({ folder: openFolder(at('b')), test: { images, probabilities }, seed: 3 });
    expect(await report([at('a'), at('b')], { out: at('both') })).toBe(0);
    expect(readdirSync(at('both')).sort()).toEqual(['accuracy.png', 'comparison.html', 'loss.png']);
    const page = readFileSync(at('both', 'comparison.html'), 'utf8');
    expect(page).toContain('F1 of each class');
    expect(page).toContain('<strong>≠ epochs</strong>');
  });

  it('with a run that has not ended; folders with the same name are identified by their paths', async () => {
    await makeRun('deep/a', { result: undefined });
    expect(await report([at('a'), at('deep', 'a')], { out: at('both') })).toBe(0);
    const page = readFileSync(at('both', 'comparison.html'), 'utf8');
    expect(page).toContain(`Not finished, so without a result: ${at('deep', 'a')}.`);
  });
});

describe('wrong input', () => {
  it.each([
    ['report.html', ['a']],
    ['accuracy.png', ['a']],
    // Only a report of a test draws it; others would remove it.
    ['worst.png', ['a']],
    ['comparison.html', ['a', 'b']],
    ['accuracy.png', ['a', 'b']],
  ])("a user's %s is left alone", async (page, runs) => {
    mkdirSync(at('mine'));
    writeFileSync(at('mine', page), 'Mine.');
    await expect(
      report(
        runs.map((run) => at(run)),
        { out: at('mine') },
      ),
    ).rejects.toThrow(`/mine holds ${page}, but no `);
    expect(readdirSync(at('mine'))).toEqual([page]);
    expect(readFileSync(at('mine', page), 'utf8')).toBe('Mine.');
    rmSync(at('mine'), { recursive: true });
  });

  it("a report may be written again, beside a user's files of other names", { timeout: 30_000 }, async () => {
    mkdirSync(at('again'));
    writeFileSync(at('again', 'mine.png'), 'Mine.');
    for (let i = 0; i < 2; i++) expect(await report([at('a')], { out: at('again') })).toBe(0);
    expect(readFileSync(at('again', 'mine.png'), 'utf8')).toBe('Mine.');
    rmSync(at('again'), { recursive: true });
  });

  it.each<[string, () => Promise<unknown>, new (message: string) => Error, string | RegExp]>([
    [
      'no such folder',
      () => report([at('none')], {}),
      FileError,
      /^report: .*none holds no run \(there is no run\.json in it\); name a folder that 'npm run train' wrote\.$/,
    ],
    ['a file', () => report([at('a', 'run.json')], {}), FileError, /holds no run/],
    ['no folder', () => report([], {}), UsageError, 'report: no run folder is given, expected one or more.'],
    [
      'the same folder twice',
      () => report([at('a'), `${at('a')}${path.sep}`], {}),
      UsageError,
      'report: a run folder is given twice; name different runs to compare.',
    ],
  ])('%s', async (_, command, kind, message) => {
    await expect(command()).rejects.toThrow(kind);
    await expect(command()).rejects.toThrow(message);
  });

  it.each([
    ['run.json', '{"format":', DataError, /run\.json: damaged: it is not JSON/],
    ['run.json', '{"format":"shadegrad run 9","settings":{}}', DataError, /its format is 'shadegrad run 9'/],
    ['history.json', '[]', DataError, /history\.json: not a training history/],
    ['model.json', '{', ModelError, /model\.json: damaged: /],
    ['model.json', '[]', ModelError, /model\.json: damaged: model: this is not a model description/],
    ['model.json', '{"inputShape":[3],"layers":[null]}', ModelError, /model\.json: damaged: /],
    [
      'model.json',
      '{"inputShape":[3],"layers":[{"className":"X","config":{}}]}',
      ModelError,
      /model\.json: damaged: .*X/,
    ],
    [
      'evaluation.json',
      '{"format":"x"}',
      DataError,
      /evaluation\.json: not an evaluation: its format is "x"/,
    ],
  ])('a damaged %s: %s', async (name, contents, kind, message) => {
    await makeRun('damaged');
    writeFileSync(at('damaged', name), contents);
    await expect(report([at('damaged')], {})).rejects.toThrow(kind);
    await expect(report([at('damaged')], {})).rejects.toThrow(message);
    expect(readdirSync(at('damaged'))).not.toContain('report.html');
    rmSync(at('damaged'), { recursive: true });
  });
});

describe('SVG to PNG', () => {
  const svg = (body: string): string =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="#ffffff"/>${body}</svg>`;
  /** Pixels that are not white. */
  const ink = async (body: string): Promise<number> => {
    const { data } = await decodePng(svgToPng(svg(body)), 'x');
    return [...data].reduce((sum, value, i) => sum + (i % 4 === 0 && value < 128 ? 1 : 0), 0);
  };

  it('has the size times the scale', async () => {
    expect(await decodePng(svgToPng(svg('')), 'x')).toMatchObject({ width: 80, height: 40 });
    expect(await decodePng(svgToPng(svg(''), { scale: 1 }), 'x')).toMatchObject({ width: 40, height: 20 });
  });

  it('draws letters whatever the font is called, and bold ones with more ink', async () => {
    const text = async (attributes: string) =>
      ink(`<text x="2" y="15" font-size="14" ${attributes}>abc ✗</text>`);
    const plain = await text('');
    expect(plain).toBeGreaterThan(50);
    expect(await text('font-family="no such font"')).toBe(plain);
    expect(await text(`font-family="system-ui, -apple-system, sans-serif"`)).toBe(plain);
    expect(await text('font-weight="700"')).toBeGreaterThan(plain);
  });

  it('has letters for the signs that the charts use', async () => {
    const missing = await ink('<text x="2" y="15" font-size="14">\u{10ffff}</text>');
    for (const sign of ['✗', '✓', '…', '±', '×', '°', '·', '−', '≠', '★', '→'])
      expect(await ink(`<text x="2" y="15" font-size="14">${sign}</text>`), sign).not.toBeOneOf([0, missing]);
  });

  it('shows the pixels of a small picture as squares', async () => {
    // A PNG of 2×1 pixels, black and white.
    const png =
      'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVR4nGNg+A8AAQIBAEK+vGgAAAAASUVORK5CYII=';
    const { data } = await decodePng(
      svgToPng(
        svg(
          `<image width="40" height="20" image-rendering="optimizeSpeed" href="data:image/png;base64,${png}"/>`,
        ),
        { scale: 1 },
      ),
      'x',
    );
    const middleRow = Array.from({ length: 40 }, (_, x) => data[(10 * 40 + x) * 4]!);
    expect(new Set(middleRow)).toEqual(new Set([0, 255]));
  });

  it.each(['', 'text', '<svg>', '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>'])(
    '%j is no SVG',
    (text) => {
      expect(() => svgToPng(text)).toThrow(DataError);
      expect(() => svgToPng(text)).toThrow(/^SVG: it cannot be drawn \(.+\)\.$/);
    },
  );
});
