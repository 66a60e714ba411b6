/** How long planning takes by the depth of a network: a table of residual networks, without a device. */
import process from 'node:process';
import type { Device } from '../src/engine/device.js';
import { plan } from '../src/engine/plan/planner.js';
import type { Plan } from '../src/engine/plan/plan.js';
import type { Tensor } from '../src/engine/tensor.js';
import { Trace } from '../src/engine/trace.js';
import type { Value } from '../src/engine/value.js';
import { grad } from '../src/kernels/grad.js';
import { add, conv2d, relu, sum } from '../src/kernels/index.js';
import { hollowDevice } from '../test/unit/fake_device.js';
import { recordedStep } from '../test/unit/planned_step.js';
import { residualNetwork } from '../test/unit/residual_network.js';

const depths = [1, 4, 16, 64, 128, 256];
const repeats = 9;

type Family = 'software' | 'gpu';

/** CPU time of this process, which other processes do not change. Units: milliseconds. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The least of several times. */
function timed<T>(fn: () => T): { readonly result: T; readonly ms: number } {
  let result = fn();
  let ms = Infinity;
  for (let i = 0; i < repeats; i++) {
    const begun = cpuMs();
    result = fn();
    ms = Math.min(ms, cpuMs() - begun);
  }
  return { result, ms };
}

function bytesOf({ buffers }: Plan): number {
  return buffers.reduce((sum, length) => sum + length, 0);
}

interface Recorded {
  readonly trace: Trace;
  readonly outputs: readonly Value[];
  readonly device: Device;
}

/** The training step of a model, with its optimizer. */
function trainingStep(blocks: number, family: Family, hasBatchNorm: boolean): () => Recorded {
  const model = residualNetwork(blocks, { family, hasBatchNorm });
  return () => ({ trace: recordedStep(model), outputs: [], device: model.device });
}

/**
 * The sum of what blocks of four convolutions with biases compute, each block added to what it starts from, and the gradients of
 * all kernels and biases: 1,027 dispatches of the gpu family for 64 blocks.
 */
function gradients(blocks: number, family: Family): () => Recorded {
  const device = hollowDevice(family);
  return () => {
    const trace = new Trace(device);
    const input = (...shape: number[]): Tensor => trace.input({ shape, dtype: 'f32' });
    const outputs = trace.record(() => {
      const parameters: Tensor[] = [];
      let y = input(8, 16, 16, 8);
      for (let block = 0; block < blocks; block++) {
        const start = y;
        for (let i = 0; i < 4; i++) {
          const [kernel, bias] = [input(3, 3, 8, 8), input(8)];
          parameters.push(kernel, bias);
          y = add(conv2d(y, kernel, { padding: 'same' }), bias);
          y = relu(i === 3 ? add(y, start) : y);
        }
      }
      const loss = sum(y);
      return [loss, ...grad(loss, parameters)];
    });
    return { trace, outputs: outputs.map((tensor) => trace.valueOf(tensor)), device };
  };
}

const networks = [
  {
    name: 'step, 2 convolutions a block',
    make: (n: number, family: Family) => trainingStep(n, family, false),
  },
  { name: 'the same with batch norm', make: (n: number, family: Family) => trainingStep(n, family, true) },
  { name: 'gradients, 4 convolutions a block', make: gradients },
];
const columns = [
  'family',
  'network',
  'blocks',
  'nodes',
  'dispatches',
  'intermediates MB',
  'record ms',
  'plan ms',
  'plan µs per dispatch',
];
console.log(`| ${columns.join(' | ')} |\n|${columns.map(() => ' ---: |').join('')}`);
for (const family of ['software', 'gpu'] as const) {
  for (const { name, make } of networks) {
    for (const blocks of depths) {
      const { result, ms: recording } = timed(make(blocks, family));
      const { trace, outputs, device } = result;
      const { result: planned, ms: planning } = timed(() => plan(trace, outputs, device));
      const counts = [blocks, trace.nodes.length, planned.dispatches.length];
      const perDispatch = (1000 * planning) / planned.dispatches.length;
      const times = [recording, planning, perDispatch].map((time) => time.toFixed(1));
      console.log(
        `| ${[family, name, ...counts, (bytesOf(planned) / 1e6).toFixed(2), ...times].join(' | ')} |`,
      );
    }
  }
}
