/** The filters, activations and kernels of the current model. */
import type { Plan } from '../../src/engine/plan/plan.js';
import { DeviceError } from '../../src/errors.js';
import type { InspectingApi } from '../protocol.js';
import type { Context } from './context.js';
import { Activations } from './inspecting_activations.js';
import {
  type KernelList,
  kernelList,
  meanTimes,
  predictionTimes,
  sourceOf,
  untimed,
} from './inspecting_kernels.js';

const nothing: KernelList = { table: { of: 'prediction', rows: [], totalMs: null }, dispatches: [] };

/**
 * Without a device, the lists of activations and kernels are empty, and filters are read from weights on the host. If the
 * device is lost, all three are empty.
 */
export function inspecting(context: Context): InspectingApi {
  let bound: Promise<Activations> | undefined;
  let listed = nothing;
  /** The last measured training step and its plan; shown after the training has ended. */
  let measured: { readonly plan: Plan; readonly list: KernelList } | undefined;

  context.current.onReplaced(() => {
    // Not awaited: a failed binding has nothing to dispose.
    void bound?.then(
      (activations) => activations.dispose(),
      () => undefined,
    );
    bound = undefined;
  });

  /** The bound program. Binds again if the model was replaced while it was being compiled. */
  const activationsOf = async (): Promise<Activations> => {
    for (;;) {
      const own = (bound ??= Activations.create(context.current.model));
      try {
        const activations = await own;
        if (bound === own) return activations;
      } catch (error) {
        if (bound === own) bound = undefined;
        throw error;
      }
    }
  };

  const listKernels = async (): Promise<KernelList> => {
    const device = context.device.current;
    if (!device) return nothing;
    const list = await context.trainer.betweenSteps(async () => {
      const { active: training, plans } = context.trainer;
      const [first] = plans;
      if (!first) return undefined;
      if (!training) return first === measured?.plan ? measured.list : kernelList('training', untimed(plans));
      if (!device.hasTimestamps) return kernelList('training', untimed(plans));
      measured = { plan: first, list: kernelList('training', await meanTimes(() => training.profile())) };
      return measured.list;
    });
    return list ?? kernelList('prediction', await predictionTimes(context.current.model));
  };

  return {
    async filters() {
      const layer = context.current.model.layers.find((each) => each.layer.className === 'Conv2D');
      const kernel = layer?.parameters.find(({ name }) => name === 'kernel');
      if (!layer || !kernel) return null;
      return unlessLost(null, async () => {
        const values = (await context.current.weights()).get(`${layer.name}/kernel`);
        return values ? { shape: kernel.shape, values } : null;
      });
    },
    async activations(input) {
      if (!context.device.current) return [];
      return unlessLost([], async () => (await activationsOf()).of(input));
    },
    async kernels() {
      listed = await unlessLost(nothing, listKernels);
      return listed.table;
    },
    async source(index) {
      return sourceOf(listed, index);
    },
  };
}

/** Resolves with `empty` if the device is lost, which the page reports separately. */
async function unlessLost<T>(empty: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeviceError && error.problem === 'lost') return empty;
    throw error;
  }
}
