/**
 * A model without a device:
 *   its description: preprocessing kept, older files without it, damaged ones
 */
import { describe, expect, it } from 'vitest';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { filters, preprocessing, unitScaling } from '../../src/nn/samples/preprocessing.js';
import { Model, sequential } from '../../src/nn/model.js';

registerLayers(layerClasses);

const layers = () => [flatten({ inputShape: [4, 4, 1] }), dense({ units: 3, activation: 'softmax' })];
const throughFile = (json: object): unknown => JSON.parse(JSON.stringify(json));

describe('the description of a model', () => {
  const own = preprocessing({
    standardise: { mean: 0.1307, deviation: 0.3081 },
    filters: [filters.blur(2), filters.sharpen()],
  });

  it('keeps the preprocessing exactly', () => {
    const model = sequential(layers(), { preprocessing: own });
    expect(model.preprocessing).toBe(own);
    expect(Model.fromJson(throughFile(model.toJson())).preprocessing).toEqual(own);
    expect(sequential(layers()).preprocessing).toBe(unitScaling);
  });

  it('without preprocessing, as older versions wrote it, means 0 … 1', () => {
    const older = throughFile({
      ...sequential(layers(), { preprocessing: own }).toJson(),
      preprocessing: undefined,
    }) as object;
    expect(older).not.toHaveProperty('preprocessing');
    expect(Model.fromJson(older).preprocessing).toEqual(unitScaling);
  });

  it.each([
    null,
    { offset: 0, filters: [] },
    { scale: '1', offset: 0, filters: [] },
    { scale: 1, offset: 0, filters: [{ name: 'blur', iterations: 1, kernel: [null] }] },
  ])('with preprocessing %j is refused', (damaged) => {
    const json = { ...sequential(layers()).toJson(), preprocessing: damaged };
    expect(() => Model.fromJson(json)).toThrow(
      /^model: this is not a model description: (it has no preprocessing\.scale|preprocessing.* is .*, expected )/,
    );
  });
});
