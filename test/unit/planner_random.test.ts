/**
 * The stages of the planner over random programs, run with symbols (symbolic_run.ts): ops over earlier results, views, tensors
 * in memory, values placed in memory, updates in place, and kernels with two outputs.
 *   every stage leaves outputs and memory as the nodes do one by one, in the order of recording
 *   no kernel reads a buffer that it writes, binds too many buffers, or uses memory after its release
 */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import type { Storage } from '../../src/engine/device.js';
import { mergeCommon } from '../../src/engine/plan/common.js';
import { emit } from '../../src/engine/plan/emit.js';
import { fuse, separateGroups } from '../../src/engine/plan/fuse.js';
import { type Graph, graphOf } from '../../src/engine/plan/graph.js';
import { dropDead } from '../../src/engine/plan/live.js';
import { assignMemory } from '../../src/engine/plan/memory.js';
import { membersOf, separatePlaced } from '../../src/engine/plan/place.js';
import { shareResults } from '../../src/engine/plan/rewrite.js';
import { select } from '../../src/engine/plan/select.js';
import { graphText } from '../../src/engine/plan/text.js';
import type { Spec } from '../../src/engine/primitive.js';
import { runPrimitive } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { type Value, rootOf } from '../../src/engine/value.js';
import { add, assign, exp, matmul, multiply, relu, reshape, sum } from '../../src/kernels/index.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { fakeDevice } from './fake_device.js';
import { type Outcome, runGroups, runNodes } from './symbolic_run.js';
import { plusFirst, sideAlone, twoOutputs } from './two_outputs.js';

const device = fakeDevice({ family: 'gpu', subgroupSize: 32 });
const programs = 60;
const blocks = 2;
const blockBytes = 1024;

const f32 = (...shape: number[]): Spec => ({ shape, dtype: 'f32' });

/** Random integers below `below`, the same for a seed. */
function drawer(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 2_654_435_761);
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function storageOf({ origin, placement }: Value): Storage | undefined {
  const place = placement ?? origin;
  return place.kind === 'capture' ? place.storage : undefined;
}

function randomGraph(seed: number): Graph {
  const draw = drawer(seed);
  const trace = new Trace(device);
  const state = Tensor.placeholder(stateSpec, device);
  const stepScalars = Tensor.placeholder(f32(1, 1), device);
  const flats = [0, 1].map(() => Tensor.placeholder(f32(blocks * 256), device));
  const view = (flat: Tensor, block: number, byteLength: number, ...shape: number[]): Tensor =>
    Tensor.over(device, { ...flat.storage, offset: block * blockBytes, byteLength }, f32(...shape));
  const targets = flats.flatMap((flat) =>
    Array.from({ length: blocks }, (_, block) => view(flat, block, blockBytes, 16, 16)),
  );
  const outputs = trace.record(() => {
    const values = [...[0, 1, 2].map(() => trace.input(f32(16, 16))), ...targets];
    // Recent ones more often, so that there are chains.
    const pick = (): Tensor =>
      values[draw(2) === 0 ? values.length - 1 - draw(3) : draw(values.length)] as Tensor;
    const target = (): Tensor => targets[draw(targets.length)] as Tensor;
    const place = (value: Tensor): Tensor => {
      if (trace.canPlace(value)) trace.place(value, target());
      return value;
    };
    /** Changes a value or a range of memory in place; operands of one kernel do not share memory. */
    const update = (parameters: Tensor, gradients: Tensor): void => {
      const [one, other] = [parameters, gradients].map((each) => rootOf(trace.valueOf(each))) as [
        Value,
        Value,
      ];
      const [to, from] = [storageOf(one), storageOf(other)];
      if (one === other || (to && to.buffer === from?.buffer)) return;
      const slots = { mean_square: Tensor.placeholder(parameters, device) };
      rmsprop().apply({ parameters, gradients, slots, stepScalars, state }, { decay: true });
    };
    const ops = [
      () => matmul(pick(), pick()),
      () => {
        const [a, b] = [pick(), pick()];
        values.push(matmul(a, b));
        return matmul(a, b);
      },
      () => add(pick(), pick()),
      () => multiply(pick(), sum(pick(), { axis: 0 })),
      () => relu(pick()),
      () => exp(pick()),
      () => reshape(relu(reshape(pick(), [8, 32])), [16, 16]),
      () => runPrimitive(plusFirst, { x: pick(), of: pick() }, {}).y,
      () => runPrimitive(twoOutputs, { x: pick() }, {}).side,
      () => runPrimitive(twoOutputs, { x: pick() }, {}).y,
      () => runPrimitive(sideAlone, { x: pick() }, {}).side,
      () => multiply(...(Object.values(runPrimitive(twoOutputs, { x: pick() }, {})) as [Tensor, Tensor])),
      () => {
        const { y, side } = runPrimitive(twoOutputs, { x: pick() }, {});
        place(side);
        if (draw(2) === 0) place(exp(pick()));
        return draw(2) === 0 ? add(y, pick()) : y;
      },
      () => {
        // Both kernels compute `side`; of the first one, nothing else uses it.
        const x = pick();
        const { side } = runPrimitive(sideAlone, { x }, {});
        values.push(draw(2) === 0 ? place(side) : side);
        if (draw(2) === 0) place(exp(pick()));
        return runPrimitive(twoOutputs, { x }, {}).y;
      },
      () => place(draw(2) === 0 ? relu(pick()) : matmul(pick(), pick())),
      () => {
        const to = target();
        const value = add(draw(2) === 0 ? to : pick(), pick());
        if (draw(2) === 0) values.push(exp(pick()));
        assign(to, value);
        return value;
      },
      () => {
        update(reshape(draw(2) === 0 ? target() : pick(), [256]), reshape(pick(), [256]));
        return target();
      },
      () => {
        const block = draw(blocks - 1);
        update(view(flats[draw(2)]!, block, 2 * blockBytes, 512), Tensor.placeholder(f32(512), device));
        return pick();
      },
    ];
    for (let i = 0; i < 30; i++) values.push((ops[draw(ops.length)] as () => Tensor)());
    return [...values.slice(-2), pick(), values.at(-1) as Tensor];
  });
  return graphOf(
    trace,
    outputs.map((tensor) => trace.valueOf(tensor)),
  );
}

test(`${programs} programs`, () => {
  const seen = { merged: 0, shared: 0, fused: 0, copied: 0, stored: 0 };
  for (let seed = 0; seed < programs; seed++) {
    const recorded = randomGraph(seed);
    const expected = runNodes(recorded);
    const check = (stage: string, graph: Graph, found: Outcome): void => {
      // The text of the graph is made only for a failure.
      const isEqual = isDeepStrictEqual(found, expected);
      expect(
        isEqual ? expected : found,
        isEqual ? stage : `${stage} of program ${seed}\n${graphText(graph)}`,
      ).toEqual(expected);
    };
    const live = dropDead(recorded);
    check('live', recorded, runNodes(live));
    const common = dropDead(mergeCommon(live));
    check('common', live, runNodes(common));
    const graph = shareResults(common);
    check('rewrite', common, runNodes(graph));

    const kernels = select(graph, device);
    const fused = fuse(graph, kernels);
    expect(fused.flatMap(membersOf).sort((a, b) => a - b)).toEqual([...graph.order].sort((a, b) => a - b));
    for (const groups of [fused, separateGroups(graph, kernels)]) {
      const { graph: last, groups: all } = separatePlaced(graph, groups, device.traits);
      check('fuse', graph, runGroups(last, all));
      const memory = assignMemory(last, all);
      check('memory', last, runGroups(last, all, memory));
      const { dispatches } = emit(last, all, memory, device.traits);
      const bindings = dispatches.map(({ slots }) => slots.filter(({ kind }) => kind !== 'scalars').length);
      expect(bindings.filter((count) => count > 8)).toEqual([]);
      seen.copied += all.length - groups.length;
    }
    seen.merged += live.order.length - common.order.length;
    seen.shared += common.order.length - graph.order.length;
    seen.fused += graph.order.length - fused.length;
    seen.stored += fused.reduce((total, { stored }) => total + stored.length, 0);
  }
  // Every stage had work.
  for (const [stage, count] of Object.entries(seen)) expect(count, stage).toBeGreaterThan(10);
}, 60_000);
