/** The rows of a check: one comparison each. */
import { ShadegradError } from '../errors.js';

/** One comparison. */
export interface Row {
  readonly op: string;
  /** `forward`, `input_gradient` and so on; `input_gradient + bias, …`; for the public function `forward`, `gradient`, `differences`. */
  readonly primitive: string;
  readonly variant: string;
  readonly case: string;
  readonly shapes: string;
  /** The result's name. */
  readonly result: string;
  /** |got − want| / Σ|terms| of the worst element. */
  readonly error: number;
  /** The index of that element, and its values. */
  readonly at: string;
  readonly tolerance: number;
  readonly ok: boolean;
  /** The operands contained NaN or infinity, which a WGSL driver may assume absent. */
  readonly isNonFinite?: true;
}

/** Runs `fn`; a ShadegradError (a refused shader, a lost device) becomes a failed row. */
export async function rowsOrFailure(
  row: Omit<Row, 'error' | 'at' | 'ok'>,
  fn: () => Promise<Row[]>,
): Promise<Row[]> {
  try {
    return await fn();
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
    return [{ ...row, error: Infinity, at: error.message, ok: false }];
  }
}

export const nonFiniteRows = (rows: readonly Row[]): Row[] =>
  rows.map((row) => ({ ...row, isNonFinite: true }));
