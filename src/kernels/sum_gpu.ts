/** Sums along one axis on a real GPU: several invocations per output, and slices if the outputs do not fill the GPU. */
import forwardGpuWgsl from '../../shaders/sum/forward_gpu.wgsl';
import type { DeviceTraits, Dispatch, Lowering } from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';

registerShaders({ 'sum/forward_gpu': forwardGpuWgsl });

/** x seen as [outer, reduced, inner]. */
export interface Reduction {
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

const threads = 256;
/** Two or more workgroups on each processor of a large GPU. */
const wantedWorkgroups = 512;
/** With fewer terms per invocation, the final tree costs more than the terms. */
const [leastTerms, wantedTerms] = [16, 8];

const atLeast = (count: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, count)));

/** Invocations per output: as many as have work, but with enough adjacent outputs for whole cache sectors. */
function shapeOf(
  { reduced, inner }: Reduction,
  mostOutputs: number,
): { readonly LANES: number; readonly OUTPUTS: number } {
  const outputs = Math.min(mostOutputs, atLeast(inner));
  const LANES = Math.min(threads / outputs, atLeast(reduced / wantedTerms));
  return { LANES, OUTPUTS: threads / LANES };
}

function dispatch(
  reduction: Reduction,
  shape: ReturnType<typeof shapeOf>,
  { SLICES, CHANNELS }: { readonly SLICES: number; readonly CHANNELS: number },
  bindings: Readonly<Record<string, string>>,
  device: DeviceTraits,
): Dispatch {
  const { outer: OUTER, reduced: REDUCED, inner: INNER } = reduction;
  const groups = Math.ceil((OUTER * INNER) / shape.OUTPUTS);
  const x = Math.min(groups, device.maxWorkgroupsPerDimension);
  return {
    shader: 'sum/forward_gpu',
    constants: { OUTER, REDUCED, INNER, SLICES, CHANNELS, ...shape },
    bindings,
    workgroups: [x, Math.ceil(groups / x), SLICES],
  };
}

/** One dispatch if the outputs fill a GPU or the sums are short, otherwise partial sums of slices and their sums. */
export function lowerSumGpu(reduction: Reduction, CHANNELS: number, device: DeviceTraits): Lowering {
  const { outer, reduced, inner } = reduction;
  const wide = shapeOf(reduction, 32);
  const groups = Math.ceil((outer * inner) / wide.OUTPUTS);
  const slices = Math.min(
    Math.floor(wantedWorkgroups / groups),
    Math.floor(reduced / (wide.LANES * leastTerms)),
  );
  const narrow = (what: Reduction): ReturnType<typeof shapeOf> => shapeOf(what, 8);
  if (slices <= 1)
    return {
      dispatches: [dispatch(reduction, narrow(reduction), { SLICES: 1, CHANNELS }, {}, device)],
    };
  // Slices of equal length, none empty.
  const SLICES = Math.ceil(reduced / Math.ceil(reduced / slices));
  const rest = { outer: 1, reduced: SLICES, inner: outer * inner };
  return {
    scratch: { partial: 4 * SLICES * outer * inner },
    dispatches: [
      dispatch(reduction, wide, { SLICES, CHANNELS }, { y: 'partial' }, device),
      dispatch(rest, narrow(rest), { SLICES: 1, CHANNELS }, { x: 'partial' }, device),
    ],
  };
}

/** Adds `from` [slices, count] to `to` [count], between the dispatches of another primitive. */
export function foldSlices(
  slices: number,
  count: number,
  { from, to }: { readonly from: string; readonly to: string },
  device: DeviceTraits,
): Dispatch {
  const reduction = { outer: 1, reduced: slices, inner: count };
  return dispatch(
    reduction,
    shapeOf(reduction, 8),
    { SLICES: 1, CHANNELS: count },
    { x: from, y: to },
    device,
  );
}
