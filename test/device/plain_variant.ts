/** Another variant of the convolution for a while, and a training in which it may be chosen. */
import { expect } from 'vitest';
import type { Choice, KernelSelection } from '../../src/engine/kernel_selection.js';
import type { Device } from '../../src/engine/device.js';
import type { Spec } from '../../src/engine/primitive.js';
import { describe } from '../../src/engine/tensor.js';
import { conv2dForward } from '../../src/kernels/conv2d.js';
import type { KernelChoice } from '../../src/nn/callbacks/callback.js';
import { bars, smallModel } from './small_model.js';

type ConvVariant = (typeof conv2dForward.variants)[number];
const convVariants = conv2dForward.variants as ConvVariant[];

/** Adds the baseline kernel once more, as one that the device may prefer; `changes` make it another. */
export function addPlain(
  device: Device,
  changes: (baseline: ConvVariant) => Partial<ConvVariant> = () => ({}),
): void {
  const baseline = convVariants.find(({ name }) => name === 'baseline') as ConvVariant;
  convVariants.push({ ...baseline, name: 'plain', family: device.traits.family, ...changes(baseline) });
}

export function removePlain(): void {
  const at = convVariants.findIndex(({ name }) => name === 'plain');
  if (at >= 0) convVariants.splice(at, 1);
}

export interface Trained {
  readonly losses: readonly number[];
  readonly kernels: readonly KernelChoice[];
}

/** Six steps of the small model: its losses, and the kernels that it went by; the device's choices when left out. */
export async function train(device: Device, choices?: KernelSelection): Promise<Trained> {
  const model = smallModel({ device, seed: 3 });
  const losses: number[] = [];
  let kernels: Trained['kernels'] = [];
  await model.fit(bars(48), {
    epochs: 2,
    batchSize: 16,
    seed: 5,
    validationData: bars(16, 2),
    ...(choices ? { kernelSelection: choices } : {}),
    callbacks: [
      {
        onTrainBegin: (training) => void (kernels = training.kernels),
        onBatchEnd: (_, logs) => void losses.push(logs['loss'] as number),
      },
    ],
  });
  model.dispose();
  return { losses, kernels };
}

export const convolutions = ({ kernels }: Trained): string[] =>
  kernels.filter(({ pass }) => pass === 'conv2d/forward').map(({ variant }) => variant);

/** The choice of the added variant, found as `tune` finds it. */
export async function choosePlain(device: Device): Promise<Map<string, Choice>> {
  const { kernelSelection: choices } = device;
  choices.watch();
  await train(device);
  const cases = [...choices.met.values()].filter(({ primitive }) => primitive.name === 'conv2d/forward');
  expect(cases.length).toBeGreaterThan(0);
  const found = cases.map(({ key, primitive, context }): [string, Choice] => {
    const shapes = Object.values<Spec>(context.inputs).map(describe).join(' ');
    return [key, { variant: 'plain', pass: primitive.name, shapes }];
  });
  choices.clear();
  return new Map(found);
}
