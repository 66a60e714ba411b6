/** Whether a resumed training runs the kernels that its record names, in the words of earlier versions too. */
import { describe, expect, it } from 'vitest';
import { KernelSelection } from '../../src/engine/kernel_selection.js';
import type { KernelChoice } from '../../src/nn/callbacks/callback.js';
import { kernelChangeOf } from '../../src/nn/training/kernel_change.js';

const kernel = (pass: string, shapes: string, variant: string): KernelChoice => ({ pass, shapes, variant });

const today = [
  kernel('conv2d/forward', '[8,4,4,1] [3,3,1,2]', 'baseline'),
  kernel('rmsprop/update', '[64] [64] [64] [4,1] [8] u32', 'gpu'),
  kernel('step_state/end_step', '[4] [8] u32 [64,4] u32', 'baseline'),
];

/** The same step, as the first version recorded it. */
const before = [
  kernel('conv2d/forward', '[8,4,4,1] [3,3,1,2]', 'clear'),
  kernel('rmsprop/forward', '[64] [64] [64] [8] u32', 'gpu'),
  kernel('step_state/advance', '[4] [4] [8] u32 [64,4] u32', 'clear'),
];

const changeOf = (kernels: readonly KernelChoice[]): string | undefined =>
  kernelChangeOf({ kernels }, today, new KernelSelection());

describe('a record of kernels', () => {
  it('of this version is compared by name, variant and shapes', () => {
    expect(changeOf(today)).toBeUndefined();
    expect(changeOf([])).toBeUndefined();
    expect(changeOf(today.slice(1))).toMatch('The kernels have changed');
    expect(changeOf(today.map((each) => ({ ...each, shapes: '[1]' })))).toMatch('The kernels have changed');
  });

  it('of an earlier version is compared by what names and variants mean today', () => {
    expect(changeOf(before)).toBeUndefined();
    expect(changeOf(before.map((each) => ({ ...each, variant: 'clear' })))).toMatch('kernels have changed');
    expect(changeOf(before.toReversed())).toMatch('The kernels have changed');
  });

  it('of an earlier version may have shaders that ops replaced', () => {
    const stepOf = (update: KernelChoice): KernelChoice[] => today.with(1, update);
    for (const [name, first] of [
      ['sgd', 'step_scalar/forward'],
      ['sgd_momentum', 'scale/forward'],
    ] as const) {
      const now = stepOf(kernel(first, '[4,1] [8] u32', 'map'));
      const recorded = (pass: string, variant: string): string | undefined =>
        kernelChangeOf({ kernels: stepOf(kernel(pass, '[64]', variant)) }, now, new KernelSelection());
      expect(recorded(`${name}/update`, 'baseline')).toBeUndefined();
      expect(recorded(`${name}/forward`, 'clear')).toBeUndefined();
      expect(recorded('rmsprop/update', 'baseline')).toMatch('The kernels have changed');
    }
  });
});
