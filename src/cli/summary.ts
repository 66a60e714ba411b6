/** `summary`: the layers of a model with shapes, parameters and multiply-adds, and the memory of training and inference. */
import { existsSync } from 'node:fs';
import type { Device } from '../engine/device.js';
import { UsageError } from '../errors.js';
import { type MemoryForecast, forecastPrediction } from '../nn/training/memory_forecast.js';
import { forecastTraining } from '../nn/training/training_forecast.js';
import type { Model } from '../nn/model.js';
import { readModel } from '../nn/files/model_files.js';
import { modelsByName } from '../nn/models.js';
import { type ModelName, modelNames } from '../nn/names.js';
import { layerCosts } from '../nn/network/network_cost.js';
import { rmsprop } from '../nn/optimizers/index.js';
import { sizeText } from '../nn/network/summary.js';
import type { SummaryOptions } from './commands.js';
import { openDevice } from './device.js';
import { openOutput, table } from './output.js';

export async function summary(options: SummaryOptions): Promise<number> {
  const output = openOutput(options);
  const model = await modelOf(options);
  const costs = layerCosts(model.network);
  model.summary((text) => output.say(...text.split('\n')), costs);
  const memory = await memoryOf(model, options);
  if (memory) {
    const { device, training, inference } = memory;
    output.say(
      '',
      `Memory in batches of ${options.batchSize} images on ${device.fingerprint.adapter} (training with rmsprop):`,
      ...table(
        ['', 'training', 'inference'],
        [
          ...rows.map(([name, member]) => [name, sizeText(training[member]), sizeText(inference[member])]),
          ['total, without the data set', sizeText(totalOf(training)), sizeText(totalOf(inference))],
        ],
      ),
    );
  }
  const layers = model.layers.map(({ name, layer: { className }, outputShape, parameters }) => ({
    name,
    className,
    outputShape,
    parameters: parameters.map(({ name: parameter, shape }) => ({ name: parameter, shape })),
    ...costs.get(name)!,
  }));
  output.result({
    model: model.name,
    parameters: model.parameterCount,
    multiplyAdds: layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
    layers,
    batchSize: options.batchSize,
    memory: memory && {
      training: { ...membersOf(memory.training), total: totalOf(memory.training) },
      inference: { ...membersOf(memory.inference), total: totalOf(memory.inference) },
    },
  });
  return 0;
}

const rows = [
  ['weights and optimizer slots', 'model'],
  ['gradients and state', 'step'],
  ['values between kernels', 'intermediates'],
] as const satisfies readonly (readonly [string, keyof MemoryForecast])[];

function membersOf(forecast: MemoryForecast): Record<string, number> {
  return Object.fromEntries(rows.map(([, member]) => [member, forecast[member]]));
}

function totalOf(forecast: MemoryForecast): number {
  return rows.reduce((sum, [, member]) => sum + forecast[member], 0);
}

async function modelOf({ model, imageShape, classes }: SummaryOptions): Promise<Model> {
  if (!isModelName(model)) {
    if (imageShape !== undefined || classes !== undefined)
      throw new UsageError('summary: --image-shape and --classes are for named models; leave them out.');
    if (!existsSync(model))
      throw new UsageError(
        `summary: --model is '${model}', expected ${modelNames.join(', ')}, or the path of a saved model.`,
      );
    return (await readModel(model)).model;
  }
  const { height, width, channels } = imageShape ?? { height: 28, width: 28, channels: 1 };
  return modelsByName[model]({ inputShape: [height, width, channels], classes: classes ?? 10 });
}

function isModelName(name: string): name is ModelName {
  return modelNames.includes(name as ModelName);
}

interface Memory {
  readonly device: Device;
  readonly training: MemoryForecast;
  readonly inference: MemoryForecast;
}

/** Undefined for a model that does not take images. */
async function memoryOf(model: Model, options: SummaryOptions): Promise<Memory | undefined> {
  const { batchSize } = options;
  const [input, ...others] = model.inputs;
  const [height, width, channels, ...more] = input!.shape;
  if (others.length > 0 || channels === undefined || more.length > 0) return undefined;
  const device = await openDevice(options);
  const images = { count: batchSize, height: height!, width: width!, channels };
  const inference = forecastPrediction(model, images, batchSize);
  model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  const labels: readonly number[] = [];
  const training = forecastTraining(model, {
    images: { ...images, labels },
    batchSize,
    microBatchSize: batchSize,
  });
  return { device, training, inference };
}
