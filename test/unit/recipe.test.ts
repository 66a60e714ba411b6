/**
 * From a preset and the command line to a run's settings:
 *   each preset for each data set: flips only where they are harmless; options overrule one part and leave the others
 *   a schedule takes the place of the plateau rule; what cannot go together is refused in one line
 *   augmentation in words
 */
import { describe, expect, it } from 'vitest';
import { type RecipeOptions, chooseSettings, describeAugmentation } from '../../src/cli/recipe.js';
import type { Output } from '../../src/cli/output.js';
import { presetNames } from '../../src/nn/names.js';
import { plateauCallbacks, recipeFor } from '../../src/nn/presets.js';
import type { Device } from '../../src/engine/device.js';

const output = { say: () => undefined, hasColour: false } as unknown as Output;
const deviceOf = (family: 'software' | 'gpu') => ({ traits: { family } }) as unknown as Device;
const choose = (options: Partial<RecipeOptions>, family: 'software' | 'gpu' = 'gpu') =>
  chooseSettings({ dataset: 'digits', seed: 42, ...options }, deviceOf(family), output);

describe('presets', () => {
  it('suit the device when none is named', () => {
    expect(choose({}, 'software').preset).toBe('quick');
    expect(choose({}, 'gpu').preset).toBe('corrected');
    expect(() => choose({ preset: 'best' })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: train: preset 'best' is unknown, expected one of quick, corrected, paper.]`,
    );
  });

  it('mirror digits in paper only, which is as published', () => {
    const flips = (preset: (typeof presetNames)[number], dataset: string) => {
      const { augmentation } = recipeFor(preset, dataset);
      return [augmentation?.horizontalFlip ?? false, augmentation?.verticalFlip ?? false];
    };
    for (const preset of presetNames)
      expect(flips(preset, 'digits'), preset).toEqual(preset === 'paper' ? [true, true] : [false, false]);
    expect(flips('corrected', 'fashion')).toEqual([true, false]);
    expect(flips('corrected', 'my/pictures')).toEqual([false, false]);
  });

  it('are the published numbers', () => {
    expect(recipeFor('paper', 'digits')).toMatchObject({
      epochs: 40,
      learningRate: 1e-3,
      augmentation: { rotation: 8, widthShift: 0.1, heightShift: 0.1, zoom: 0.2, fill: 'nearest' },
      plateaus: { patience: 3, factor: 0.1, minLr: 1e-4, stopAfter: 3 },
    });
    expect(recipeFor('paper', 'digits').filters.map(({ name, iterations }) => [name, iterations])).toEqual([
      ['blur', 5],
      ['sharpen', 1],
    ]);
    expect(recipeFor('corrected', 'digits')).toMatchObject({
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
    expect(choose({ preset: 'paper', split: 'official' }).validationShare).toBe(0.1);
    expect(whole.validationShare).toBeNull();
    expect(choose({ folds: 4 })).toMatchObject({ split: 'k-fold', folds: 4, fold: null });
  });

  it('put a schedule in the place of the plateau rule', () => {
    const rules = (options: Partial<RecipeOptions>) =>
      plateauCallbacks(choose(options), () => undefined).map(({ name }) => name);
    expect(rules({ preset: 'corrected' })).toEqual([
      'reduceLrOnPlateau val_accuracy',
      'earlyStopping val_accuracy',
    ]);
    expect(rules({ preset: 'corrected', schedule: 'cosine' })).toEqual([]);
    expect(rules({ preset: 'quick', learningRate: 1e-3 })).toEqual([]);
    expect(choose({ preset: 'quick', learningRate: 1e-3 }).schedule).toBe('constant');
  });

  it.each<Partial<RecipeOptions>>([
    { preset: 'quick', variants: 5 },
    { momentum: 0.9 },
    { split: 'official', fold: 2 },
    { preset: 'paper', validationShare: 0.2 },
  ])('%j do not go together', (options) => {
    expect(() => choose(options)).toThrowErrorMatchingSnapshot();
  });
});

it('tells augmentation in words', () => {
  const { augmentation } = recipeFor('paper', 'digits');
  expect(describeAugmentation(augmentation!)).toMatchInlineSnapshot(
    `"rotation ±8°, shift across ±10 %, shift down ±10 %, zoom ±20 %, filled with nearest, mirrored, upside down"`,
  );
  expect(describeAugmentation({ padAndCrop: 2, contrast: 0.2, erasing: {} })).toMatchInlineSnapshot(
    `"padded by 2 and cropped, contrast ±20 %, erasing in 50 %"`,
  );
  expect(describeAugmentation({})).toBe('nothing');
});
