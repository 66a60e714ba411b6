/** Whether a resumed training runs the same kernels as before: its bits depend on them, besides seed and settings. */
import type { Choice, KernelSelection } from '../engine/kernel_selection.js';
import { type Form, text } from '../json_reader.js';
import type { KernelChoice } from './callbacks/callback.js';

export const kernelForm: Form<KernelChoice> = { pass: text, shapes: text, variant: text };

/** What is kept of a training's kernels; parts are missing where an earlier version kept it. */
export interface KernelRecord {
  /** By key, the measured kernel choices that it used. */
  readonly choices?: Readonly<Record<string, Choice>>;
  /** None before they were compiled. */
  readonly kernels?: readonly KernelChoice[];
}

/**
 * What people should hear when a training cannot compute as it began; undefined when all kernels are the same.
 * `kernels` are those of the resumed training, `kernelSelection` is what they were planned by.
 */
export function kernelChangeOf(
  before: KernelRecord,
  kernels: readonly KernelChoice[],
  kernelSelection: KernelSelection,
): string | undefined {
  const recorded = Object.entries(before.choices ?? {});
  // It may have planned, and recorded, what it then did not need, such as a batch that is too large.
  const needed = new Set(kernels.map(({ pass, shapes }) => `${pass} ${shapes}`));
  const lapsed = recorded.filter(
    ([key, { pass, shapes }]) => needed.has(`${pass} ${shapes}`) && !kernelSelection.met.has(key),
  );
  const recordedKernels = before.kernels ?? [];
  const haveChanged = recordedKernels.length > 0 && !areSame(recordedKernels, kernels);
  if (lapsed.length === 0 && !haveChanged) return undefined;
  const gone = lapsed.length > 0 ? `${lapsed.length} of its ${recorded.length} measured choices lapsed` : '';
  return `The kernels have changed since this training began${gone && ` (${gone})`}: it will end with other bits than without the interruption.`;
}

/** What records of earlier versions call primitives and variants → what they are called now. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['clear', 'baseline'],
  ['step_state/advance', 'step_state/end_step'],
  ['rmsprop/forward', 'rmsprop/update'],
  ['sgd/forward', 'sgd/update'],
  ['sgd_momentum/forward', 'sgd_momentum/update'],
]);

/**
 * Whether the kernels that were recorded are those of today. A record of an earlier version, which its names show, may
 * list other operands for the same computation, so there only primitives and variants are compared: the shapes follow
 * from settings that a resumed training keeps.
 */
function areSame(recorded: readonly KernelChoice[], today: readonly KernelChoice[]): boolean {
  const isEarlier = recorded.some(({ pass, variant }) => renamed.has(pass) || renamed.has(variant));
  const textOf = ({ pass, shapes, variant }: KernelChoice): string => {
    const name = `${renamed.get(pass) ?? pass} (${renamed.get(variant) ?? variant})`;
    return isEarlier ? name : `${name} ${shapes}`;
  };
  return recorded.map(textOf).join('\n') === today.map(textOf).join('\n');
}
