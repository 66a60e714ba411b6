/**
 * Settings of the page and their text in its URL.
 * Defaults: an empty query; they are valid.
 * Query: every setting alone, by hand; a preset sets its recipe for the named data set; random round trips; `debug` is kept.
 * Invalid values: each is ignored with a note that says what was expected; unknown names too.
 * Presets: set their own values, the rest stays; another data set sets its augmentation unless it was changed.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ModelName, presetNames } from '../../src/nn/names.js';
import { modelsByName } from '../../src/nn/models.js';
import { filters } from '../../src/nn/samples/preprocessing.js';
import { makeRecipe, withDataset } from '../../src/recipe/make_recipe.js';
import { presetFor } from '../../src/recipe/presets.js';
import type { PageDataset, Settings } from '../../web/protocol.js';
import {
  defaultSettings,
  choiceFields,
  expectedOf,
  modelTitles,
  numberFields,
  parseNumber,
  proposalFor,
  withModel,
  withPreset,
} from '../../web/settings.js';
import { queryOf, settingsOf } from '../../web/settings_query.js';

const changed = (change: Partial<Settings>): Settings => ({ ...defaultSettings, ...change });

test('the defaults need no query, and are within the limits', () => {
  expect(queryOf(defaultSettings)).toBe('');
  expect(settingsOf('')).toEqual({ settings: defaultSettings, notes: [] });
  const { epochs, batchSize, learningRate, seed, limit } = {
    ...defaultSettings,
    ...proposalFor('software', 'small'),
  };
  for (const [name, value] of Object.entries({ epochs, batchSize, learningRate, seed, limit }))
    expect(parseNumber(name as 'epochs', String(value)), name).toBe(value);
});

test('there is a title for every model and preset', () => {
  expect(Object.keys(modelTitles).sort()).toEqual(Object.keys(modelsByName).sort());
  expect(Object.keys(choiceFields.preset.titles)).toEqual([...presetNames]);
});

test.each<[string, Partial<Settings>]>([
  ['?data=fashion', { dataset: 'fashion' }],
  ['?model=paper', { model: 'paper' }],
  ['?limit=2000', { limit: 2_000 }],
  ['?epochs=12', { epochs: 12 }],
  ['?batch=64', { batchSize: 64 }],
  ['?rate=0.0005', { learningRate: 5e-4 }],
  ['?rate=1e-7', { learningRate: 1e-7 }],
  ['?seed=0', { seed: 0 }],
  ['?filters=blur:3,sharpen:1', { filters: [filters.blur(3), filters.sharpen()] }],
  ['?augment=rotation:10,zoom:0.1', { augmentation: { rotation: 10, zoom: 0.1 } }],
  ['?augment=zoom:0.8~1.2,horizontalFlip', { augmentation: { zoom: [0.8, 1.2], horizontalFlip: true } }],
  [
    '?augment=fill:wrap,erasing,erasing.probability:1,erasing.area:0.1~0.3,erasing.value:noise',
    { augmentation: { fill: 'wrap', erasing: { probability: 1, area: [0.1, 0.3], value: 'noise' } } },
  ],
])('%s', (query, change) => {
  expect(queryOf(changed(change))).toBe(query);
  expect(settingsOf(query)).toEqual({ settings: changed(change), notes: [] });
});

test("the data set 'own' of earlier versions is 'custom'", () => {
  expect(settingsOf('?data=own')).toEqual({ settings: changed({ dataset: 'custom' }), notes: [] });
});

test('augmentations that do nothing are none', () => {
  expect(queryOf(changed({ augmentation: { horizontalFlip: false } }))).toBe('');
  expect(queryOf(changed({ augmentation: {} }))).toBe('');
});

test('a preset brings its recipe, that of the data set', () => {
  const { settings, notes } = settingsOf('?data=fashion&preset=corrected&epochs=3');
  expect(notes).toEqual([]);
  expect(settings).toEqual(makeRecipe({ dataset: 'fashion', preset: 'corrected', epochs: 3 }));
  expect(queryOf(settings)).toBe('?data=fashion&preset=corrected&epochs=3');
});

test('null can override a value of the preset', () => {
  const bare = { ...withPreset(defaultSettings, 'paper'), augmentation: null, filters: [] };
  expect(queryOf(bare)).toBe('?preset=paper&augment=none&filters=none');
  expect(settingsOf(queryOf(bare)).settings).toEqual(bare);
  const all = { ...withPreset(defaultSettings, 'quick'), limit: null };
  expect(settingsOf(queryOf(all)).settings).toEqual(all);
  expect(settingsOf('?preset=quick').settings).toEqual(defaultSettings);
});

test('any settings survive a round trip', () => {
  const share = fc.integer({ min: 0, max: 100 }).map((hundredths) => hundredths / 100);
  const augmentation = fc.record(
    {
      rotation: fc.integer({ min: 0, max: 180 }),
      widthShift: share,
      brightness: share,
      verticalFlip: fc.constant(true),
      padAndCrop: fc.integer({ min: 0, max: 8 }),
      fill: fc.constantFrom('nearest', 'constant', 'reflect', 'wrap'),
      fillValue: share,
      erasing: fc.record({ probability: share, value: share }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  );
  const whole = (field: 'limit' | 'epochs' | 'batchSize' | 'seed') =>
    fc.integer({ min: numberFields[field].least, max: numberFields[field].most });
  const settings = fc.record({
    dataset: fc.constantFrom<PageDataset>('digits', 'fashion', 'custom'),
    preset: fc.constantFrom(...presetNames),
    model: fc.constantFrom(...(Object.keys(modelTitles) as (keyof typeof modelTitles)[])),
    limit: fc.option(whole('limit')),
    epochs: whole('epochs'),
    batchSize: whole('batchSize'),
    learningRate: fc.double({ min: 1e-7, max: 10, noNaN: true }),
    seed: whole('seed'),
    augmentation: fc.option(augmentation.filter((options) => Object.keys(options).length > 0)),
    filters: fc.array(
      fc.integer({ min: 1, max: 20 }).map((n) => (n % 2 ? filters.blur(n) : filters.sharpen(n))),
    ),
  });
  fc.assert(
    fc.property(settings.map(makeRecipe<PageDataset>), (any) => {
      expect(settingsOf(queryOf(any))).toEqual({ settings: any, notes: [] });
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('unknown parameters are removed, but debug is kept', () => {
  expect(queryOf(changed({ epochs: 9 }), '?debug=2&epochs=3&x=1')).toBe('?debug=2&epochs=9');
  expect(settingsOf('?debug=2').notes).toEqual([]);
});

test('wrong values are ignored, each with a note', () => {
  const query =
    '?data=faces&preset=fast&model=huge&limit=1&epochs=2.5&batch=0&rate=fast&seed=-1&augment=rotation:999&filters=emboss&colour=red';
  const { settings, notes } = settingsOf(query);
  expect(settings).toEqual(defaultSettings);
  expect(notes).toMatchInlineSnapshot(`
    [
      "data=faces in the URL is ignored: expected one of digits, fashion, custom.",
      "preset=fast in the URL is ignored: expected one of quick, corrected, paper.",
      "model=huge in the URL is ignored: expected one of mlp, small, simple, paper, paper-bn.",
      "limit=1 in the URL is ignored: expected an integer from 20 to 10,000,000, or all.",
      "epochs=2.5 in the URL is ignored: expected an integer from 1 to 1,000.",
      "batch=0 in the URL is ignored: expected an integer from 1 to 4,096.",
      "rate=fast in the URL is ignored: expected a number from 1e-7 to 10.",
      "seed=-1 in the URL is ignored: expected an integer from 0 to 4,294,967,295.",
      "augment=rotation:999 in the URL is ignored: augment: rotation is 999, expected a number from 0 to 180.",
      "filters=emboss in the URL is ignored: expected blur:n or sharpen:n with n from 1 to 20, several with commas between, or none.",
      "Unknown setting 'colour' in the URL; expected one of data, preset, model, limit, epochs, batch, rate, seed, augment, filters.",
    ]
  `);
});

test.each([
  'spin',
  'spin:1',
  'rotation',
  'rotation:far',
  'rotation:-1',
  'zoom:2',
  'zoom:3~2',
  'horizontalFlip:1',
  'fill:sky',
  'erasing.area:0.5',
  'constructor:1',
  '',
])('augment=%s is ignored', (text) => {
  const { settings, notes } = settingsOf(`?augment=${text}`);
  expect(settings).toEqual(defaultSettings);
  expect(notes).toHaveLength(1);
});

test.each(['', 'blur:0', 'blur:21', 'blur:1.5', 'blur:x'])('filters=%s is ignored', (text) => {
  expect(settingsOf(`?filters=${text}`)).toMatchObject({
    settings: defaultSettings,
    notes: [expect.any(String)],
  });
});

test('numbers that people write', () => {
  expect(parseNumber('batchSize', ' 64 ')).toBe(64);
  expect(parseNumber('learningRate', '1e-3')).toBe(0.001);
  for (const text of ['', ' ', 'x', '0', '4097', '1.5', 'NaN', 'Infinity'])
    expect(parseNumber('batchSize', text), text).toBeUndefined();
  expect(expectedOf('batchSize')).toBe('an integer from 1 to 4,096');
  expect(expectedOf('learningRate')).toBe('a number from 1e-7 to 10');
});

test('the proposal for each model', () => {
  const written = Object.fromEntries(
    (['gpu', 'software'] as const).flatMap((kind) =>
      (Object.keys(modelTitles) as ModelName[]).map((model) => {
        const { limit, epochs, batchSize, learningRate } = proposalFor(kind, model);
        return [
          `${kind} ${model}`,
          `${limit ?? 'all'} images, ${epochs} epochs of ${batchSize}, ${learningRate}`,
        ];
      }),
    ),
  );
  expect(written).toMatchInlineSnapshot(`
    {
      "gpu mlp": "all images, 5 epochs of 32, 0.01",
      "gpu paper": "all images, 5 epochs of 32, 0.002",
      "gpu paper-bn": "all images, 5 epochs of 32, 0.002",
      "gpu simple": "all images, 5 epochs of 32, 0.002",
      "gpu small": "all images, 5 epochs of 32, 0.002",
      "software mlp": "6000 images, 10 epochs of 32, 0.01",
      "software paper": "2000 images, 2 epochs of 32, 0.002",
      "software paper-bn": "2000 images, 5 epochs of 16, 0.001",
      "software simple": "2000 images, 2 epochs of 32, 0.002",
      "software small": "2000 images, 2 epochs of 32, 0.002",
    }
  `);
});

test('another model sets its proposal, except for values that the user changed', () => {
  expect(withModel(defaultSettings, 'mlp')).toEqual({
    ...defaultSettings,
    ...proposalFor('gpu', 'mlp'),
    model: 'mlp',
  });
  const onProcessor = changed(proposalFor('software', 'small'));
  const deep = withModel(onProcessor, 'paper-bn');
  expect(deep).toEqual({ ...onProcessor, ...proposalFor('software', 'paper-bn'), model: 'paper-bn' });
  expect(withModel(deep, 'small')).toEqual(onProcessor);
  expect(withModel({ ...onProcessor, epochs: 7 }, 'mlp')).toMatchObject({ epochs: 7, learningRate: 0.01 });
  const corrected = withPreset(defaultSettings, 'corrected');
  expect(withModel(corrected, 'mlp')).toEqual({ ...corrected, model: 'mlp' });
});

test('a preset sets its own values and leaves the rest', () => {
  const before = changed({ seed: 7, dataset: 'fashion', epochs: 99, learningRate: 9 });
  const after = withPreset(before, 'corrected');
  expect(after).toMatchObject({
    preset: 'corrected',
    seed: 7,
    dataset: 'fashion',
    epochs: 30,
    batchSize: 86,
  });
  expect(after.learningRate).toBe(1e-3);
  expect(after.augmentation).toEqual(presetFor('corrected', 'fashion').augmentation);
});

test("another data set sets the preset's augmentation, unless it was changed", () => {
  const digits = withPreset(defaultSettings, 'corrected');
  expect(withDataset(digits, 'fashion').augmentation).toEqual(presetFor('corrected', 'fashion').augmentation);
  const own = { ...digits, augmentation: { rotation: 3 } };
  expect(withDataset(own, 'fashion').augmentation).toEqual({ rotation: 3 });
});
