/**
 * Names in earlier files → names now. Recorded kernels and measured choices name primitives and variants, and the keys of
 * choices hash these names and those of attributes; a key hashes the oldest name, so a rename that is listed here keeps
 * it. To rename: add a row, point the rows of older names at the new one, and never give an old name to something else.
 */
export interface Rename {
  readonly before: string;
  readonly now: string;
  /** The present name of the only primitive that has the variant or attribute; all primitives if left out. */
  readonly of?: string;
}

/** Oldest names first. */
export const renames: Readonly<Record<'primitives' | 'variants' | 'attributes', readonly Rename[]>> = {
  primitives: [
    { before: 'step_state/advance', now: 'step_state/end_step' },
    { before: 'rmsprop/forward', now: 'rmsprop/update' },
    { before: 'sgd/forward', now: 'sgd/update' },
    { before: 'sgd_momentum/forward', now: 'sgd_momentum/update' },
  ],
  variants: [{ before: 'clear', now: 'baseline' }],
  attributes: [],
};
