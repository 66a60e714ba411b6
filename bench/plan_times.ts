/** How long planning takes by the depth of a network: a table of residual networks, without a device. */
import process from 'node:process';
import { plan } from '../src/engine/plan/planner.js';
import type { Plan } from '../src/engine/plan/plan.js';
import { recordedStep } from '../test/unit/planned_step.js';
import { residualNetwork } from '../test/unit/residual_network.js';

const depths = [1, 4, 16, 64, 128, 256];
const repeats = 5;

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

const columns = [
  'family',
  'batch norm',
  'blocks',
  'nodes',
  'dispatches',
  'intermediates MB',
  'record ms',
  'plan ms',
];
console.log(`| ${columns.join(' | ')} |\n|${columns.map(() => ' ---: |').join('')}`);
for (const family of ['software', 'gpu'] as const) {
  for (const hasBatchNorm of [false, true]) {
    for (const blocks of depths) {
      const model = residualNetwork(blocks, { family, hasBatchNorm });
      const { result: trace, ms: recording } = timed(() => recordedStep(model));
      const { result: planned, ms: planning } = timed(() => plan(trace, [], model.device));
      const counts = [blocks, trace.nodes.length, planned.dispatches.length];
      const measured = [(bytesOf(planned) / 1e6).toFixed(2), recording.toFixed(1), planning.toFixed(1)];
      console.log(`| ${[family, hasBatchNorm ? 'yes' : 'no', ...counts, ...measured].join(' | ')} |`);
    }
  }
}
