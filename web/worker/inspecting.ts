/** Inside the network: filters, activations, kernels. */
import type { InspectingApi } from '../protocol.js';
import type { Context } from './context.js';

export function inspecting(_context: Context): InspectingApi {
  const missing = (): never => {
    throw new Error('not there yet');
  };
  return {
    filters: missing,
    activations: missing,
    kernels: missing,
    source: missing,
  };
}
