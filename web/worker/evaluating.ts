/** The test part, judged by the model that predicts. */
import type { EvaluatingApi } from '../protocol.js';
import type { Context } from './context.js';

export function evaluating(_context: Context): EvaluatingApi {
  const missing = (): never => {
    throw new Error('not there yet');
  };
  return {
    run: missing,
    images: missing,
  };
}
