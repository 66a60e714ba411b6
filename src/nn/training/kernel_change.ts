/** Whether a resumed training runs the same kernels as before: its bits depend on them, besides seed and settings. */
import { type Choice, type KernelSelection, inPresentNames } from '../../engine/kernel_selection.js';
import { type Form, text } from '../../json_reader.js';
import type { KernelChoice } from '../callbacks/callback.js';

export const kernelForm: Form<KernelChoice> = { pass: text, shapes: text, variant: text };

/** The recorded kernels of a training; earlier versions recorded only some of the members. */
export interface KernelRecord {
  /** The measured kernel choices that it used, by key. */
  readonly choices?: Readonly<Record<string, Choice>>;
  /** Empty before compilation. */
  readonly kernels?: readonly KernelChoice[];
}

/**
 * A message if a resumed training cannot compute as before; undefined if all kernels are the same. `kernels` are those of
 * the resumed training, `kernelSelection` selected them.
 */
export function kernelChangeOf(
  before: KernelRecord,
  kernels: readonly KernelChoice[],
  kernelSelection: KernelSelection,
): string | undefined {
  const recorded = Object.entries(before.choices ?? {});
  // The record may contain choices of plans that were then not used, such as for a batch that is too large.
  const needed = new Set(kernels.map(({ pass, shapes }) => `${pass} ${shapes}`));
  const lapsed = recorded.filter(([key, choice]) => {
    const { pass, shapes } = inPresentNames(choice);
    return needed.has(`${pass} ${shapes}`) && !kernelSelection.applied(key);
  });
  const recordedKernels = before.kernels ?? [];
  const haveChanged = recordedKernels.length > 0 && !areSame(recordedKernels, kernels);
  if (lapsed.length === 0 && !haveChanged) return undefined;
  const gone =
    lapsed.length > 0 ? `${lapsed.length} of its ${recorded.length} measured choices no longer apply` : '';
  return `The kernels have changed since this training began${gone && ` (${gone})`}: its results will differ in their last bits from an uninterrupted training.`;
}

/** Kernels of earlier versions → what computes the same bits now. */
const replaced: ReadonlyMap<string, Pick<KernelChoice, 'pass' | 'variant'>> = new Map([
  ['sgd/update (baseline)', { pass: 'step_scalar/forward', variant: 'map' }],
  ['sgd_momentum/update (baseline)', { pass: 'scale/forward', variant: 'map' }],
]);

function inPresentKernels(kernel: KernelChoice): KernelChoice {
  const named = inPresentNames(kernel);
  return { ...named, ...replaced.get(`${named.pass} (${named.variant})`) };
}

/**
 * Whether the recorded kernels are the same as now. A record of an earlier version, recognised by its names, may list
 * other operands for the same computation, so only primitives and variants are compared: the shapes follow from settings
 * that a resumed training keeps.
 */
function areSame(recorded: readonly KernelChoice[], today: readonly KernelChoice[]): boolean {
  const renamed = recorded.map(inPresentKernels);
  const isEarlier = renamed.some(
    ({ pass, variant }, i) => pass !== recorded[i]?.pass || variant !== recorded[i]?.variant,
  );
  const textOf = ({ pass, shapes, variant }: KernelChoice): string =>
    isEarlier ? `${pass} (${variant})` : `${pass} (${variant}) ${shapes}`;
  return renamed.map(textOf).join('\n') === today.map(textOf).join('\n');
}
