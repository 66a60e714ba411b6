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
  const known = (before.kernels ?? []).map(withNamesOfToday);
  const areOthers = known.length > 0 && JSON.stringify(known) !== JSON.stringify(kernels);
  if (lapsed.length === 0 && !areOthers) return undefined;
  const gone = lapsed.length > 0 ? `${lapsed.length} of its ${recorded.length} measured choices lapsed` : '';
  return `The kernels have changed since this training began${gone && ` (${gone})`}: it will end with other bits than without the interruption.`;
}

/** What files of earlier versions call primitives and variants → what they are called now. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['step_state/advance', 'step_state/end_step'],
  ['clear', 'baseline'],
]);

function withNamesOfToday({ pass, shapes, variant }: KernelChoice): KernelChoice {
  return { pass: renamed.get(pass) ?? pass, shapes, variant: renamed.get(variant) ?? variant };
}
