/**
 * Recipes: from presets and choices, from the command line and the page, from JSON.
 *   each preset for each data set: flips only where they are harmless
 *   options of the command line overrule one part and leave the others; what cannot go together is refused in one line
 *   the command line and the page make the same recipe of a preset; another data set takes over what its preset differs in
 *   JSON: every member is checked; runs and sessions of earlier versions are read
 *   parts: a schedule replaces the plateau rule, the optimizer has the recipe's options
 *   augmentation in words
 */
import { describe, expect, it, test } from 'vitest';
import { type RecipeOptions, chooseRecipe, describeAugmentation, recipeOf } from '../../src/cli/recipe.js';
import type { Output } from '../../src/cli/output.js';
import type { Device } from '../../src/engine/device.js';
import { DataError } from '../../src/errors.js';
import { presetNames } from '../../src/nn/names.js';
import { optimizerNameRule } from '../../src/nn/optimizers/from_config.js';
import { filters } from '../../src/nn/samples/preprocessing.js';
import { recipeOfRun2, recipeOfSession1 } from '../../src/recipe/earlier_forms.js';
import { makeRecipe, withDataset } from '../../src/recipe/make_recipe.js';
import { optimizerOf } from '../../src/recipe/optimizer_of.js';
import { callbacksOf } from '../../src/recipe/parts.js';
import { presetFor } from '../../src/recipe/presets.js';
import { readRecipe } from '../../src/recipe/recipe_json.js';
import { defaultSettings, withPreset } from '../../web/settings.js';

const output = { say: () => undefined, hasColour: false } as unknown as Output;
const deviceOf = (family: 'software' | 'gpu') => ({ traits: { family } }) as unknown as Device;
const choose = (options: Partial<RecipeOptions>, family: 'software' | 'gpu' = 'gpu') =>
  chooseRecipe({ dataset: 'digits', seed: 42, ...options }, deviceOf(family), output);

describe('presets', () => {
  it('suit the device when none is named', () => {
    expect(choose({}, 'software').preset).toBe('quick');
    expect(choose({}, 'gpu').preset).toBe('corrected');
  });

  it('mirror digits in paper only, which is as published', () => {
    const flips = (preset: (typeof presetNames)[number], dataset: string) => {
      const { augmentation } = presetFor(preset, dataset);
      return [augmentation?.horizontalFlip ?? false, augmentation?.verticalFlip ?? false];
    };
    for (const preset of presetNames)
      expect(flips(preset, 'digits'), preset).toEqual(preset === 'paper' ? [true, true] : [false, false]);
    expect(flips('corrected', 'fashion')).toEqual([true, false]);
    expect(flips('corrected', 'my/pictures')).toEqual([false, false]);
  });

  it('are the published numbers', () => {
    expect(presetFor('paper', 'digits')).toMatchObject({
      epochs: 40,
      learningRate: 1e-3,
      augmentation: { rotation: 8, widthShift: 0.1, heightShift: 0.1, zoom: 0.2, fill: 'nearest' },
      plateaus: { patience: 3, factor: 0.1, minLr: 1e-4, stopAfter: 3 },
    });
    expect(presetFor('paper', 'digits').filters.map(({ name, iterations }) => [name, iterations])).toEqual([
      ['blur', 5],
      ['sharpen', 1],
    ]);
    expect(presetFor('corrected', 'digits')).toMatchObject({
      epochs: 30,
      batchSize: 86,
      learningRate: 1e-3,
      augmentation: { rotation: 10, widthShift: 0.1, heightShift: 0.1, zoom: 0.1 },
    });
  });
});

describe('options', () => {
  it('overrule one part of the recipe', () => {
    const whole = choose({ preset: 'paper' });
    expect(choose({ preset: 'paper', epochs: 3 })).toEqual({ ...whole, epochs: 3 });
    expect(choose({ preset: 'paper', filters: false })).toEqual({ ...whole, filters: [] });
    expect(choose({ preset: 'paper', augmentation: false }).augmentation).toBeNull();
    expect(choose({ preset: 'paper', flips: false }).augmentation).toEqual({
      ...whole.augmentation,
      horizontalFlip: false,
      verticalFlip: false,
    });
    const splits = [
      {},
      { split: 'official' },
      { validationShare: 0.2, split: 'official' },
      { folds: 4 },
    ] as const;
    expect(splits.map((options) => choose({ preset: 'paper', ...options }).split)).toEqual([
      { name: '45k/15k' },
      { name: 'official', validationShare: 0.1 },
      { name: 'official', validationShare: 0.2 },
      { name: 'k-fold', folds: 4 },
    ]);
    expect(choose({ optimizer: 'sgd', momentum: 0.9 }).optimizer).toEqual({
      name: 'sgd',
      config: { momentum: 0.9 },
    });
  });

  it('put a schedule in the place of the plateau rule', () => {
    const rules = (options: Partial<RecipeOptions>) =>
      callbacksOf(choose(options), () => undefined).map(({ name }) => name);
    expect(rules({ preset: 'corrected' })).toEqual([
      'reduceLrOnPlateau val_accuracy',
      'earlyStopping val_accuracy',
    ]);
    expect(rules({ preset: 'corrected', schedule: 'cosine' })).toEqual([]);
    expect(rules({ preset: 'quick', learningRate: 1e-3 })).toEqual([]);
    expect(choose({ preset: 'quick', learningRate: 1e-3 }).schedule).toBe('constant');
  });

  it('of the loss, the classes and frozen layers are stored where they are given, and nowhere else', () => {
    const given = {
      loss: 'huber',
      classWeights: { 0: 2 },
      oversample: true,
      from: 'runs/x',
      freeze: ['conv2d*'],
    } as const;
    const chosen = choose({ preset: 'quick', ...given, freeze: [...given.freeze] });
    expect(chosen).toEqual({ ...choose({ preset: 'quick' }), ...given });
    expect(readJson(JSON.parse(JSON.stringify(chosen)))).toEqual(chosen);
    expect(Object.keys(choose({ preset: 'quick', loss: 'sparseCategoricalCrossentropy' }))).not.toContain(
      'loss',
    );
    expect(choose({ preset: 'quick', momentum: 0.9 }).optimizer).toEqual({
      name: 'rmsprop',
      config: { momentum: 0.9 },
    });
  });

  it('an unknown optimizer is refused with the names of those that there are', () => {
    const expected = optimizerNameRule()('adamaxx', 'train', '--optimizer');
    expect(expected).toContain('rmsprop');
    expect(() => choose({ optimizer: 'adamaxx' })).toThrow(
      `train: --optimizer is 'adamaxx', expected ${expected}.`,
    );
  });

  it.each<Partial<RecipeOptions>>([
    { preset: 'quick', variants: 5 },
    { optimizer: 'adam', momentum: 0.9 },
    { loss: 'categoricalCrossentropi' },
    { freeze: ['conv2d*'] },
    { split: 'official', fold: 2 },
    { preset: 'paper', validationShare: 0.2 },
    // Greater than 0, but not as an f32: a resumed run would refuse it.
    { learningRate: 1e-50 },
  ])('%j do not go together', (options) => {
    expect(() => choose(options)).toThrowErrorMatchingSnapshot();
  });
});

describe('a preset', () => {
  const datasets = ['digits', 'fashion', 'custom'] as const;
  it.each(presetNames.flatMap((preset) => datasets.map((dataset) => [preset, dataset] as const)))(
    '%s for %s is the same recipe on the command line and on the page, and in JSON',
    (preset, dataset) => {
      const recipe = recipeOf({ dataset, seed: 42 }, preset);
      expect(withPreset(withDataset(defaultSettings, dataset), preset)).toEqual(recipe);
      expect(readJson(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    },
  );

  it('lends another data set its parts, but for those that were changed', () => {
    const digits = makeRecipe<string>({ dataset: 'digits', preset: 'paper', epochs: 3 });
    expect(withDataset(digits, 'faces')).toEqual(
      makeRecipe({ dataset: 'faces', preset: 'paper', epochs: 3 }),
    );
    const changed = { ...digits, augmentation: { rotation: 3 } };
    expect(withDataset(changed, 'faces')).toEqual({
      ...changed,
      dataset: 'faces',
      split: presetFor('paper', 'faces').split,
    });
  });
});

const readJson = (value: unknown) => readRecipe(value, (what) => new DataError(what));

describe('JSON', () => {
  const whole = makeRecipe({ dataset: 'digits', preset: 'paper', from: 'runs/x', limit: 100 });

  it.each<[string, Record<string, unknown>, string]>([
    ['no seed', { seed: undefined }, 'it has no seed'],
    [
      'a weight below 0',
      { classWeights: { 1: -1 } },
      'classWeights is {"1":-1}, expected \'balanced\' or an object with a number of 0 or more for each class',
    ],
    [
      'frozen layers of no model',
      { from: null, freeze: ['a'] },
      'freeze names layers that keep the weights of a saved model, but from is null',
    ],
    ['oversample that is off', { oversample: false }, 'oversample is false, expected true'],
    ['part of an epoch', { epochs: 1.5 }, 'epochs is 1.5, expected a positive integer'],
    [
      'a name that every object has',
      { model: 'constructor' },
      'model is "constructor", expected "paper" or "paper-bn" or "simple" or "small" or "mlp"',
    ],
    [
      'an unknown split',
      { split: { name: 'half' } },
      'split.name is "half", expected "official" or "kaggle" or "45k/15k" or "k-fold"',
    ],
    ['a split by name alone', { split: 'official' }, 'split is "official", expected an object'],
    [
      'an unknown optimizer',
      { optimizer: { name: 'toString', config: {} } },
      `optimizer: name is 'toString', expected ${optimizerNameRule()('toString', '', '')}`,
    ],
    [
      'an option of another optimizer',
      { optimizer: { name: 'rmsprop', config: { nesterov: true } } },
      "optimizers.rmsprop: 'nesterov' is not an option; expected one of learningRate, rho, epsilon, epsilonPlacement, centered, momentum, weightDecay, excludeFromWeightDecay, clipValue, clipNorm, globalClipNorm, useEma, emaMomentum, emaOverwriteFrequency",
    ],
    [
      'an option out of range',
      { optimizer: { name: 'sgd', config: { momentum: 2 } } },
      'optimizers.sgd: momentum is 2, expected a number from 0 to 1',
    ],
    ['an object for a list', { filters: {} }, 'filters is {}, expected a list'],
    [
      'a filter of four weights',
      { filters: [{ name: 'blur', iterations: 1, kernel: [1, 1, 1, 1] }] },
      'filters.blur: kernel is [1,1,1,1], expected 9 (3×3) or 25 (5×5) finite numbers',
    ],
    [
      'augmentation out of range',
      { augmentation: { rotation: 200 } },
      'augment: rotation is 200, expected a number from 0 to 180',
    ],
    [
      'several variants of the same image',
      { augmentation: null, variantsPerImage: 2 },
      'variantsPerImage is 2, expected 1: nothing is augmented, so all variants would be the same',
    ],
    [
      'plateaus beside a schedule',
      { schedule: 'cosine' },
      "plateaus are for a constant rate, but the schedule is 'cosine'",
    ],
    ['half a plateau rule', { plateaus: { patience: 3 } }, 'it has no plateaus.factor'],
  ])('with %s is refused', (_, change, message) => {
    const json: unknown = JSON.parse(JSON.stringify({ ...whole, ...change }));
    expect(() => readJson(json)).toThrow(new DataError(message));
  });

  it('of shadegrad run 2 is read', () => {
    const settings = {
      ...whole,
      split: whole.split.name,
      folds: null,
      fold: null,
      validationShare: null,
      optimizer: 'rmsprop',
      momentum: 0,
    };
    expect(readJson(recipeOfRun2(settings))).toEqual(whole);
    expect(readJson(recipeOfRun2({ ...settings, split: 'k-fold', folds: 5, fold: 2 })).split).toEqual({
      name: 'k-fold',
      folds: 5,
      fold: 2,
    });
    expect(readJson(recipeOfRun2({ ...settings, optimizer: 'sgd', momentum: 0.9 })).optimizer).toEqual({
      name: 'sgd',
      config: { momentum: 0.9 },
    });
  });

  it('of shadegrad session 1 is read: the preset decides what people could not choose', () => {
    const settings = {
      dataset: 'own',
      preset: 'paper' as const,
      model: 'mlp' as const,
      limit: null,
      epochs: 2,
      batchSize: 8,
      learningRate: 0.1,
      seed: 7,
      augmentation: null,
      filters: [filters.blur(1)],
    };
    const recipe = makeRecipe({ ...settings, dataset: 'custom' });
    expect(readJson(recipeOfSession1(settings))).toEqual(recipe);
    expect(recipe.split).toEqual(presetFor('paper', 'custom').split);
  });

  test.each([recipeOfRun2, recipeOfSession1])('that is damaged stays refused', (earlier) => {
    for (const value of [undefined, null, 'x', [], {}, { preset: 'none', dataset: 'digits' }, { split: 3 }])
      expect(() => readJson(earlier(value))).toThrow(DataError);
  });
});

it('the optimizer has the options of the recipe, and its schedule', () => {
  const made = optimizerOf(
    makeRecipe({
      dataset: 'digits',
      preset: 'quick',
      schedule: 'constant',
      learningRate: 0.5,
      optimizer: { name: 'sgd', config: { momentum: 0.9 } },
    }),
  );
  expect(made).toMatchObject({ name: 'sgd', learningRate: 0.5, config: { momentum: 0.9, nesterov: false } });
  const { learningRate } = optimizerOf(makeRecipe({ dataset: 'digits', preset: 'quick' }));
  expect(learningRate).toBeTypeOf('function');
});

it('tells augmentation in words', () => {
  const { augmentation } = presetFor('paper', 'digits');
  expect(describeAugmentation(augmentation!)).toMatchInlineSnapshot(
    `"rotation ±8°, horizontal shift ±10 %, vertical shift ±10 %, zoom ±20 %, filled with nearest, horizontal flip, vertical flip"`,
  );
  expect(describeAugmentation({ padAndCrop: 2, contrast: 0.2, erasing: {} })).toMatchInlineSnapshot(
    `"padded by 2 and cropped, contrast ±20 %, erasing in 50 %"`,
  );
  expect(describeAugmentation({})).toBe('nothing');
});
