/** The texts about a tuning, and the rows of its table. */
import { grouped } from '../../src/report/charts/numbers.js';
import type { Settings, TunedKernel, TunedVariant, Tuning } from '../protocol.js';
import { modelTitles } from '../settings.js';
import { msWords } from './inside_words.js';

/** What the button does, and for which model. */
export function offerWords({ model, batchSize }: Pick<Settings, 'model' | 'batchSize'>): string {
  return `Measures which variant of each kernel is fastest here, for ${modelTitles[model]} in batches of ${grouped(batchSize)} as set under Train. It takes from seconds to minutes, and the result is stored in this browser.`;
}

/** The progress, such as `3 of 12 kernels measured, now conv2d/forward`. */
export function progressWords(done: number, total: number, primitive: string | null): string {
  if (primitive === null) return 'Comparing the whole step';
  return `${grouped(done)} of ${kernels(total)} measured, now ${primitive}`;
}

/** The outcome of a tuning, and its consequences. */
export function outcomeWords({ model, kernels: tuned, step, outcome }: Tuning): string {
  const faster = tuned.filter(({ gain }) => gain > 1).length;
  const found = `${grouped(faster)} of ${kernels(tuned.length)} ${faster === 1 ? 'has' : 'have'} a faster variant here.`;
  if (outcome === 'nothing')
    return `No kernel of ${modelTitles[model]} has more than one variant to choose from on this device.`;
  if (outcome === 'cancelled') return `Cancelled after ${kernels(tuned.length)}. Nothing has changed.`;
  if (outcome === 'slower')
    return `${found} But the training step as a whole is slower with them, ${stepWords(step)}, so nothing has changed. Try again when the machine is idle.`;
  const what = step
    ? `${found} The training step takes ${stepWords(step)}. New trainings will use these kernels; a running one keeps its own.`
    : `None of ${kernels(tuned.length)} has a variant that is clearly faster than the default: tuning gains nothing here.`;
  if (outcome === 'stored') return what;
  return `${what} This browser cannot store them: they are used until the page is closed.`;
}

/** Such as `The choices for 12 kernels are stored, last measured on Nov 22, 2026, 9:30 PM.` */
export function storedWords(
  stored: { readonly kernels: number; readonly at: number | null },
  locale?: string,
): string {
  const { kernels: count, at } = stored;
  const form = { dateStyle: 'medium', timeStyle: 'short' } as const;
  const when = at === null ? '' : `, last measured on ${new Date(at).toLocaleString(locale, form)}`;
  return `The choices for ${kernels(count)} are stored${when}.`;
}

function kernels(count: number): string {
  return `${grouped(count)} ${count === 1 ? 'kernel' : 'kernels'}`;
}

function stepWords(step: Tuning['step']): string {
  return step ? `${msWords(step.tunedMs)} ms instead of ${msWords(step.untunedMs)} ms` : '';
}

/** A row of the table. */
export interface TunedRow {
  readonly primitive: string;
  readonly shapes: string;
  /** The rejected variants, and why. */
  readonly problems: readonly string[];
  /** The default variant, and the fastest other one; – if there is none. */
  readonly usual: string;
  readonly usualMs: string;
  readonly other: string;
  readonly otherMs: string;
  readonly chosen: string;
  /** Empty if the default variant is the fastest. */
  readonly gain: string;
}

/** The largest gains first. */
export function rowsOf(tuned: readonly TunedKernel[]): TunedRow[] {
  return [...tuned].sort((a, b) => b.gain - a.gain).map(rowOf);
}

function rowOf({ primitive, shapes, variants, chosen, gain }: TunedKernel): TunedRow {
  const [usual, ...others] = variants;
  const timed = others.filter(({ ms }) => ms !== null);
  const best = timed.sort((a, b) => a.ms! - b.ms!)[0];
  const other = timed.find(({ variant }) => variant === chosen) ?? best;
  const msOf = (variant: TunedVariant | undefined): string =>
    typeof variant?.ms === 'number' ? msWords(variant.ms) : '–';
  return {
    primitive,
    shapes,
    problems: variants.flatMap(({ variant, problem }) =>
      problem === null ? [] : [`${variant} was rejected: ${problem}`],
    ),
    usual: usual?.variant ?? '–',
    usualMs: msOf(usual),
    other: other?.variant ?? '–',
    otherMs: msOf(other),
    chosen: chosen ?? usual?.variant ?? '–',
    gain: gain > 1 ? `${gain.toFixed(2)} ×` : '',
  };
}
