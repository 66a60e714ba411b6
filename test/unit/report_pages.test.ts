/**
 * Plan: the pages of a run, of a comparison and of a data set, and of a search for a rate, with hostile names everywhere: well-formed, one h1 and
 * ordered headings, nothing fetched, every picture described, no undefined or NaN. Parts that are missing leave a line.
 * What run.json may look like, and what is no run. What the comparison marks.
 */
import { describe, expect, it, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { evaluate } from '../../src/report/evaluation.js';
import type { EvaluationFile, Picture } from '../../src/report/evaluation_file.js';
import { comparisonPage } from '../../src/report/html/comparison.js';
import { type Exploration, explorePage } from '../../src/report/html/explore.js';
import { rateSearchPage } from '../../src/report/html/rate_search.js';
import { type RunReport, runReportPage } from '../../src/report/html/run_report.js';
import { runFromJson, show, wordsOf } from '../../src/report/run_record.js';
import { readMarkup, textsOf } from './markup.js';

const hostile = `<script>"&'</script>`;
const classNames = [hostile, 'dog'];
const picture: Picture = { data: new Uint8Array(4), width: 2, height: 2, channels: 1 };
const encode = (): Uint8Array => Uint8Array.of(7);

const runJson = {
  format: 'shadegrad run 3',
  recipe: { dataset: hostile, epochs: 5, batchSize: 64, [hostile]: hostile, nothing: null },
  model: 'paper',
  device: { adapter: hostile },
  versions: { shadegrad: '0.1.0' },
  images: { train: 90, validation: 10, test: 4 },
  source: hostile,
  startedAt: '2026-01-02T03:04:05.678Z',
  result: {
    bestEpoch: 2,
    reason: hostile,
    train: { accuracy: 1, loss: 0.1 },
    validation: { accuracy: 0.9, loss: 0.2 },
    test: { accuracy: 0.5, loss: 0.7 },
    seconds: 61,
  },
};
const readRun = (changes: object = {}) => runFromJson(JSON.stringify({ ...runJson, ...changes }), 'run.json');
const history = {
  epochs: [1, 2, 3],
  metrics: {
    loss: [1, 0.5, 0.1],
    accuracy: [0.5, 0.7, 0.9],
    val_loss: [1, 0.6, 0.7],
    val_accuracy: [0.5, 0.8, null],
    learning_rate: [1e-3, 1e-3, 1e-3],
  },
};
const tested = {
  classNames,
  evaluation: evaluate([0, 1, 1, 0], [0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 0.4, 0.6], 2, { seed: 1 }),
  worstImages: [picture, picture],
  randomImages: [picture, picture, picture, picture],
};
const evaluation: EvaluationFile = {
  tested,
  augmented: { recipe: hostile, rows: [{ original: picture, variants: [picture, picture] }] },
  kernelTimes: [{ kernel: hostile, variant: 'baseline', shapes: '[1] → [2]', ms: 2, share: 1 }],
};
const full: RunReport = {
  name: hostile,
  run: readRun(),
  history,
  layers: [{ name: hostile, className: 'Dense', outputShape: [2], parameterCount: 1234 }],
  evaluation,
};
const bare: RunReport = {
  name: 'bare',
  run: runFromJson('{"format":"shadegrad run 1","settings":{}}', 'run.json'),
  history: { epochs: [], metrics: {} },
  evaluation: {},
};

/** What is wrong with a page as a page; readMarkup throws for worse. */
function faultsOf(html: string): string[] {
  const elements = readMarkup(html);
  const named = (name: string) => elements.filter((element) => element.name === name);
  const ids = new Set(elements.flatMap(({ attributes }) => attributes['id'] ?? []));
  const faults = [...html.matchAll(/@import|url\(|\bNaN\b|undefined|\[object|<script/g)].map(
    ([found]) => found,
  );
  for (const { name, attributes } of elements) {
    for (const [key, value] of Object.entries(attributes)) {
      const isAddress = key === 'src' || key === 'href';
      if (key.startsWith('on')) faults.push(`<${name}> has ${key}`);
      if (isAddress && !/^(#[a-z]+$|data:image\/png;base64,)/.test(value))
        faults.push(`<${name}> fetches ${value}`);
      if (name === 'a' && key === 'href' && !ids.has(value.slice(1))) faults.push(`${value} leads nowhere`);
    }
  }
  if (named('img').some(({ attributes }) => !attributes['alt'])) faults.push('an image without alt');
  if (named('svg').some(({ attributes }) => attributes['role'] !== 'img' || !attributes['aria-label']))
    faults.push('a chart without a description');
  if (named('caption').length !== named('table').length) faults.push('a table without a caption');
  const headings = elements.flatMap(({ name }) => (/^h\d$/.test(name) ? [Number(name[1])] : []));
  if (headings.filter((level) => level === 1).length !== 1) faults.push('not one h1');
  if (headings.some((level, i) => level - (headings[i - 1] ?? 0) > 1)) faults.push('a heading is skipped');
  if (!html.includes('prefers-color-scheme:dark')) faults.push('no dark mode');
  return faults;
}

describe('the page of a run', () => {
  const page = runReportPage(full, encode);
  const texts = textsOf(page);

  it('is a good page', () => {
    expect(faultsOf(page)).toEqual([]);
    const elements = readMarkup(page);
    expect(elements.filter(({ name }) => name === 'img')).toHaveLength(6);
    // Accuracy, loss, confusion, augmentation, timing.
    expect(elements.filter(({ name }) => name === 'svg')).toHaveLength(5);
  });

  it('says what came out, of which epoch, and why', () => {
    const at = texts.indexOf('test accuracy');
    expect(texts.slice(at, at + 3)).toEqual(['test accuracy', '50.00 %', '2 of 4 wrong']);
    expect(page).toContain('The weights are those of epoch 2 of 3: &lt;script&gt;');
    const row = (name: string) => texts.slice(texts.indexOf(name), texts.indexOf(name) + 4);
    expect(row('training')).toEqual(['training', '90', '100.00 %', '0.1000']);
    expect(row('validation')).toEqual(['validation', '10', '90.00 %', '0.2000']);
    expect(row('test')).toEqual(['test', '4', '50.00 %', '0.7000']);
  });

  it('shows settings, parameters, classes and pairs', () => {
    for (const text of [
      'batch size',
      '64',
      '1,234',
      'mean of the classes',
      'Most confused pairs',
      '1 min 1 s',
    ])
      expect(texts).toContain(text);
    expect(texts.filter((text) => text === hostile).length).toBeGreaterThan(8);
  });

  it('leaves out what is not there, and says so', () => {
    const nothing = runReportPage(bare, encode);
    expect(faultsOf(nothing)).toEqual([]);
    const said = textsOf(nothing).join('\n');
    expect(said).toContain('No epoch has finished yet');
    expect(said).toContain('This run has not finished');
    expect(said).toContain('This run has not been tested');
    expect(said).toContain('without augmentation');
    expect(said).toContain('model.json is missing');
    expect(said).toContain('were not timed');
  });

  it('without validation', () => {
    const { loss, accuracy } = history.metrics;
    const without = { ...full, history: { epochs: [1, 2, 3], metrics: { loss, accuracy } } };
    const html = runReportPage(without, encode);
    expect(faultsOf(html)).toEqual([]);
    expect(html).toContain('There are no validation images');
  });

  it('without a single mistake', () => {
    const perfect = { ...tested, evaluation: evaluate([0, 1], [1, 0, 0, 1], 2, { seed: 1 }) };
    const html = runReportPage({ ...full, evaluation: { tested: perfect } }, encode);
    expect(faultsOf(html)).toEqual([]);
    expect(html.match(/All test images were classified correctly/g)).toHaveLength(2);
  });

  it('without test images: tested on the validation images', () => {
    const run = readRun({
      images: { train: 90, validation: 10, test: 0 },
      result: { ...runJson.result, test: null },
    });
    const html = runReportPage({ ...full, run }, encode);
    expect(faultsOf(html)).toEqual([]);
    expect(html).toContain('Confusion matrix of the validation set');
    expect(html).toContain('their figures are optimistic');
    expect(textsOf(html)).not.toContain('test accuracy');
  });
});

describe('the page of a comparison', () => {
  const other: RunReport = {
    ...full,
    name: 'other',
    run: readRun({
      recipe: { ...runJson.recipe, batchSize: 32 },
      result: { ...runJson.result, test: { accuracy: 0.75, loss: 0.7 } },
    }),
  };
  const page = comparisonPage([full, other], '1.2.3');
  const texts = textsOf(page);

  it('is a good page', () => {
    expect(faultsOf(page)).toEqual([]);
  });

  it('marks the settings that differ, and the best result of a row', () => {
    const differing = texts.slice(texts.indexOf('Settings that differ (marked ≠)'));
    const at = differing.indexOf('≠ batch size');
    expect(differing.slice(at, at + 3)).toEqual(['≠ batch size', '64', '32']);
    expect(differing.filter((text) => text.startsWith('≠'))).toHaveLength(1);
    const row = texts.slice(texts.indexOf('test accuracy'), texts.indexOf('test accuracy') + 3);
    expect(row).toEqual(['test accuracy', '50.00 %', '★ 75.00 %']);
    // Equal losses: neither is better.
    const losses = texts.slice(texts.indexOf('test loss'), texts.indexOf('test loss') + 3);
    expect(losses).toEqual(['test loss', '0.7000', '0.7000']);
  });

  it('marks nothing when the data differ', () => {
    const { result } = other.run;
    const elsewhere = { ...other, run: { ...readRun({ recipe: { dataset: 'other' } }), result: result! } };
    const html = comparisonPage([full, elsewhere], '1.2.3');
    expect(faultsOf(html)).toEqual([]);
    expect(html).not.toContain('★ 75.00 %');
    expect(html).toContain('tested on different data');
  });

  it('runs without a result, and of other classes', () => {
    const html = comparisonPage([full, { ...bare, history }], '1.2.3');
    expect(faultsOf(html)).toEqual([]);
    expect(html).toContain('Not finished, so without a result: bare.');
    expect(html).toContain('Fewer than two runs have been tested');
    const three = {
      ...tested,
      classNames: ['a', 'b', 'c'],
      evaluation: evaluate([0], [1, 0, 0], 3, { seed: 1 }),
      worstImages: [],
      randomImages: [picture],
    };
    const mixed = comparisonPage([full, { ...other, evaluation: { tested: three } }], '1.2.3');
    expect(faultsOf(mixed)).toEqual([]);
    expect(mixed).toContain('have different classes');
    expect(faultsOf(comparisonPage([bare, bare, bare], '1.2.3'))).toEqual([]);
  });

  it('seven runs', () => {
    const many = Array.from({ length: 7 }, (_, i) => ({ ...other, name: `run ${i}` }));
    expect(faultsOf(comparisonPage(many, '1.2.3'))).toEqual([]);
  });
});

describe('the page of a data set', () => {
  const found: Exploration = {
    dataset: hostile,
    source: hostile,
    height: 2,
    width: 2,
    channels: 1,
    mean: 0.5,
    deviation: 0.25,
    classNames,
    parts: [{ part: 'train', counts: [3, 1] }],
    samples: [{ picture, label: hostile }],
    blurred: [{ label: 'original', pictures: [picture] }],
    sharpened: [{ label: 'original', pictures: [picture] }],
    augmented: [{ preset: 'corrected', recipe: hostile, rows: [{ original: picture, variants: [picture] }] }],
  };

  it('is a good page', () => {
    const html = explorePage(found, encode, '1.2.3');
    expect(faultsOf(html)).toEqual([]);
    expect(textsOf(html)).toEqual(expect.arrayContaining(['2 × 2 × 1 (grey)', '0.2500', hostile]));
  });

  it('of data that no preset augments', () => {
    const html = explorePage({ ...found, augmented: [] }, encode, '1.2.3');
    expect(faultsOf(html)).toEqual([]);
    expect(html).toContain('No preset augments');
  });
});

test('the page of a search for a learning rate is a good page', () => {
  const search = { rates: [1e-3, 1e-2], losses: [2, 1], smoothed: [2, 1.5], suggestion: 1e-3 };
  const html = rateSearchPage({ search, subtitle: hostile, version: '1.2.3' });
  expect(faultsOf(html)).toEqual([]);
  expect(textsOf(html)).toEqual(
    expect.arrayContaining([hostile, 'Suggested learning rate: 1e-3; peak of a schedule: about 3e-3.']),
  );
});

describe('run.json', () => {
  it.each([
    ['{', /^r: damaged: it is not JSON \(/],
    ['[]', "r: not a run of shadegrad; expected an object with 'format' and 'recipe'."],
    ['null', "r: not a run of shadegrad; expected an object with 'format' and 'recipe'."],
    [
      '{"format":"shadegrad run 9","recipe":{}}',
      "r: its format is 'shadegrad run 9', expected 'shadegrad run 1' or 'shadegrad run 2' or 'shadegrad run 3'. Use the version of shadegrad that wrote it.",
    ],
  ])('%s is none', (text, message) => {
    const read = () => runFromJson(text, 'r');
    expect(read).toThrow(DataError);
    expect(read).toThrow(message);
  });

  it('keeps what it knows and drops what is something else', () => {
    const run = readRun({ model: 3, startedAt: null, device: 'x', result: { bestEpoch: 'two', train: 5 } });
    expect(run).toMatchObject({ device: {}, result: {}, recipe: { batchSize: 64 } });
    expect('model' in run || 'startedAt' in run).toBe(false);
  });

  it('recipes as people read them', () => {
    expect(wordsOf('batchSize')).toBe('batch size');
    expect(wordsOf('val_accuracy')).toBe('val accuracy');
    expect(show(null)).toBe('–');
    expect(show(true)).toBe('yes');
    expect(show([1, 'a'])).toBe('1, a');
    expect(show([])).toBe('none');
    expect(show(1 / 9)).toBe('0.111111');
    expect(show({ rotation: 10, widthShift: 0.1 })).toBe('rotation 10, width shift 0.1');
    expect(show([{ name: 'blur', iterations: 5 }, { name: 'sharpen' }])).toBe('blur (iterations 5); sharpen');
    expect(show({ name: 'sgd', config: { momentum: 0.9 } })).toBe('sgd (momentum 0.9)');
    expect(show({ name: 'rmsprop', config: {} })).toBe('rmsprop');
  });
});
