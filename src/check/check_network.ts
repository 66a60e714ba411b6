/** Checks the gradients of whole networks. */
import type { Device } from '../engine/device.js';
import { grad } from '../kernels/grad.js';
import { program } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import type { Array64 } from '../reference/array64.js';
import { compareNorm, indexOf, short } from './compare.js';
import { type ReadBack, asTensors, runGuarded } from './guarded_run.js';
import { type CheckedNetwork, NetworkRun, drawOperands, inOrder, recordLoss, trainedIn } from './networks.js';
import { type Row, rowsOrFailure } from './row.js';

/**
 * Maximum error of a parameter's gradient in a whole network, relative to the norm of the float64 gradient.
 *
 * Rounding alone gives about 10⁻⁶: PyTorch's f32 differs by up to 1.5·10⁻⁶ from its f64 on `paper`, batch 16
 * (test/traces/paper_trace.json). If an activation is within rounding of a relu's kink or of a pool's second largest
 * value, the gradient jumps by that unit's whole share; hence a limit ten times as large.
 */
const networkTolerance = 1.5e-5;

/**
 * Compares the device's gradients of all parameters of a network, including dropout, with the interpreter's as
 * ‖got − want‖ / ‖want‖ per parameter, and the interpreter's with its own central differences at sampled elements.
 */
export async function checkNetwork(
  device: Device,
  checked: CheckedNetwork,
  { samples = 2, onRow }: { samples?: number; onRow?: (row: Row) => void } = {},
): Promise<Row[]> {
  const { network, batch } = checked;
  const operands = drawOperands(checked);
  const float64 = new NetworkRun(checked, operands);
  const specs = trainedIn(network);
  const wanted = float64.gradients();
  const wantedLoss = float64.loss;
  const values = inOrder(operands);
  const rows: Row[] = [];
  const take = (row: Row): void => {
    rows.push(row);
    onRow?.(row);
  };
  const base = { op: network.name, case: `batch ${batch}`, tolerance: networkTolerance };
  const failed = await rowsOrFailure(
    { ...base, primitive: 'gradient', variant: 'as chosen', shapes: '', result: '' },
    async () => {
      const plan = program((...tensors: Tensor[]) => {
        const { loss, trained } = recordLoss(checked, tensors);
        return [loss, ...grad(loss, trained)];
      }, device).plan(...asTensors(values));
      const { outputs } = await runGuarded(device, plan, values);
      const [loss, ...gradients] = outputs as [ReadBack, ...ReadBack[]];
      const lossError = Math.abs((loss.values[0] as number) - wantedLoss) / wantedLoss;
      take({
        ...base,
        primitive: 'loss',
        variant: 'as chosen',
        shapes: `[${operands.x.shape.join(',')}]`,
        result: 'loss',
        error: lossError,
        at: `${short(loss.values[0] as number)} for ${short(wantedLoss)}`,
        ok: lossError <= base.tolerance,
      });
      gradients.forEach((got, i) => {
        const { path, shape } = specs[i] as (typeof specs)[number];
        take({
          ...base,
          primitive: 'gradient',
          variant: 'as chosen',
          shapes: `[${shape.join(',')}]`,
          result: path,
          ...compareNorm(got, wanted[i] as Array64, base.tolerance),
        });
      });
      return [];
    },
  );
  failed.forEach(take);
  specs.forEach(({ path, shape }, i) => {
    const gradient = wanted[i] as Array64;
    const rms = Math.sqrt(gradient.values.reduce((so, v) => so + v * v, 0) / gradient.values.length);
    let worst = { error: 0, at: '' };
    for (let k = 0; k < samples; k++) {
      const start = Math.floor(((k + 0.5) * gradient.values.length) / samples);
      // Weights of dropped or inactive units have a gradient of 0, which proves little: use the next active one.
      const alive = gradient.values.findIndex((value, i) => i >= start && value !== 0);
      const element = Math.max(alive, 0);
      const analytic = gradient.values[element] as number;
      const numeric = float64.difference(i, element);
      const error = Math.abs(analytic - numeric) / (Math.abs(numeric) + rms);
      const at = `[${indexOf(element, shape).join(',')}] ${short(analytic)} for ${short(numeric)}`;
      if (!(error < worst.error)) worst = { error, at };
    }
    const row = {
      ...base,
      primitive: 'float64 against differences',
      variant: 'float64',
      shapes: `[${shape.join(',')}]`,
    };
    // Differences in float64 are accurate to 10⁻⁸; beyond 2·10⁻⁶ they cross the kink of one unit among thousands.
    take({ ...row, result: path, tolerance: 1e-4, ...worst, ok: worst.error <= 1e-4 });
  });
  return rows;
}
