/** The named models of papers and presets. */
import type { Shape } from '../engine/primitive.js';
import { activation } from './layers/activation.js';
import { batchNormalization } from './layers/batch_normalization.js';
import { plainConv2d as conv2d } from './layers/conv2d.js';
import { dense } from './layers/dense.js';
import { dropout } from './layers/dropout.js';
import { flatten } from './layers/flatten.js';
import type { Layer } from './layers/layer.js';
import { maxPooling2d } from './layers/max_pooling2d.js';
import type { ModelName } from './names.js';
import { type Regularizer, regularizerRule } from './parameters/regularizer.js';
import { checkCall } from '../calls.js';
import { type Rules, count, extents } from '../options.js';
import { type Model, type ModelOptions, namedModelRules, sequential } from './model.js';

export interface NamedModelOptions extends ModelOptions {
  /** [height,width,channels] of an image. Default [28,28,1]. */
  readonly inputShape?: Shape;
  /** Default 10. */
  readonly classes?: number;
  /** Applied to every kernel of the model. */
  readonly kernelRegularizer?: Regularizer | null;
}

const rules = (): Rules<NamedModelOptions> => ({
  inputShape: extents,
  classes: count,
  kernelRegularizer: regularizerRule(),
  ...namedModelRules(),
});

/** The options with all defaults filled in. */
type Given = Required<Pick<NamedModelOptions, 'inputShape' | 'classes' | 'kernelRegularizer'>>;

function makeModel(
  defaultName: string,
  given: NamedModelOptions,
  layers: (given: Given) => readonly Layer[],
): Model {
  checkCall(`models.${defaultName}`, given, rules);
  const { inputShape = [28, 28, 1], classes = 10, kernelRegularizer = null, ...options } = given;
  return sequential(layers({ inputShape, classes, kernelRegularizer }), {
    name: defaultName,
    ...options,
  });
}

/**
 * The network of the 2017 notebook that reports 99.67 % on digits; 887,530 parameters on 28×28×1 and 10 classes.
 *
 * conv 5×5×32 · conv 5×5×32 · max-pool · dropout ¼ · conv 3×3×64 · conv 3×3×64 · max-pool · dropout ¼ · dense 256 ·
 * dropout ½ · dense `classes` softmax, all with relu and 'same' padding.
 */
export function paperModel(options: NamedModelOptions = {}): Model {
  return makeModel('paper', options, ({ inputShape, classes, kernelRegularizer }) => {
    const convolution = { padding: 'same', activation: 'relu', kernelRegularizer } as const;
    return [
      conv2d({ filters: 32, kernelSize: 5, ...convolution, inputShape }),
      conv2d({ filters: 32, kernelSize: 5, ...convolution }),
      maxPooling2d({ poolSize: 2 }),
      dropout({ rate: 0.25 }),
      conv2d({ filters: 64, kernelSize: 3, ...convolution }),
      conv2d({ filters: 64, kernelSize: 3, ...convolution }),
      maxPooling2d({ poolSize: 2, strides: 2 }),
      dropout({ rate: 0.25 }),
      flatten(),
      dense({ units: 256, activation: 'relu', kernelRegularizer }),
      dropout({ rate: 0.5 }),
      dense({ units: classes, activation: 'softmax', kernelRegularizer }),
    ];
  });
}

/**
 * `paper` with batch normalisation between each hidden layer and its relu, which makes the layers' biases superfluous;
 * 888,874 parameters on 28×28×1 and 10 classes, of which 896 are moving statistics.
 */
export function paperBnModel(options: NamedModelOptions = {}): Model {
  return makeModel('paper-bn', options, ({ inputShape, classes, kernelRegularizer }) => {
    const plain = { useBias: false, kernelRegularizer } as const;
    const normalised = (): Layer[] => [batchNormalization(), activation({ activation: 'relu' })];
    return [
      conv2d({ filters: 32, kernelSize: 5, padding: 'same', ...plain, inputShape }),
      ...normalised(),
      conv2d({ filters: 32, kernelSize: 5, padding: 'same', ...plain }),
      ...normalised(),
      maxPooling2d({ poolSize: 2 }),
      dropout({ rate: 0.25 }),
      conv2d({ filters: 64, kernelSize: 3, padding: 'same', ...plain }),
      ...normalised(),
      conv2d({ filters: 64, kernelSize: 3, padding: 'same', ...plain }),
      ...normalised(),
      maxPooling2d({ poolSize: 2, strides: 2 }),
      dropout({ rate: 0.25 }),
      flatten(),
      dense({ units: 256, ...plain }),
      ...normalised(),
      dropout({ rate: 0.5 }),
      dense({ units: classes, activation: 'softmax', kernelRegularizer }),
    ];
  });
}

/**
 * A small convolutional network: conv 3×3×64 · conv 3×3×32 · max-pool · dense `classes` softmax, with relu and no
 * padding; 65,194 parameters on 28×28×1 and 10 classes.
 */
export function simpleModel(options: NamedModelOptions = {}): Model {
  return makeModel('simple', options, ({ inputShape, classes, kernelRegularizer }) => [
    conv2d({ filters: 64, kernelSize: 3, activation: 'relu', kernelRegularizer, inputShape }),
    conv2d({ filters: 32, kernelSize: 3, activation: 'relu', kernelRegularizer }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    dense({ units: classes, activation: 'softmax', kernelRegularizer }),
  ]);
}

/**
 * Quick to download and to train, and still accurate: conv 3×3×16 · max-pool · conv 3×3×32 · max-pool ·
 * conv 3×3×48 · max-pool · dropout ¼ · dense `classes` softmax, with relu and 'same' padding; 23,002 parameters on
 * 28×28×1 and 10 classes.
 */
export function smallModel(options: NamedModelOptions = {}): Model {
  return makeModel('small', options, ({ inputShape, classes, kernelRegularizer }) => {
    const convolution = { kernelSize: 3, padding: 'same', activation: 'relu', kernelRegularizer } as const;
    return [
      conv2d({ filters: 16, ...convolution, inputShape }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 32, ...convolution }),
      maxPooling2d({ poolSize: 2 }),
      conv2d({ filters: 48, ...convolution }),
      maxPooling2d({ poolSize: 2 }),
      dropout({ rate: 0.25 }),
      flatten(),
      dense({ units: classes, activation: 'softmax', kernelRegularizer }),
    ];
  });
}

/**
 * A minimal network: five sigmoid units between the pixels and the softmax; 3,985
 * parameters on 28×28×1 and 10 classes.
 */
export function mlpModel(options: NamedModelOptions = {}): Model {
  return makeModel('mlp', options, ({ inputShape, classes, kernelRegularizer }) => [
    flatten({ inputShape }),
    dense({ units: 5, activation: 'sigmoid', kernelRegularizer }),
    dense({ units: classes, activation: 'softmax', kernelRegularizer }),
  ]);
}

/** The models by their names in commands and presets. */
export const modelsByName = {
  paper: paperModel,
  'paper-bn': paperBnModel,
  simple: simpleModel,
  small: smallModel,
  mlp: mlpModel,
} as const satisfies Record<ModelName, (options?: NamedModelOptions) => Model>;
