/**
 * The stages of the planner, each by itself, as text:
 *   live: what nothing depends on is dropped, effects stay
 *   common: equal kernels run once; not across a change of their operands, not if placed or changed in place
 *   rewrite: a result that another node computes too; where two want it; where moving it up would be wrong
 *   select: kernels by family and by what they require, equal cases share one
 *   fuse: chains, stored values, the limit on bindings, values read and written by one kernel
 *   place: a value placed in a buffer that its kernel reads
 *   memory: buffers used again, scratch memory given back, the free buffer that fits best
 *   emit: equal layers share a shader
 *   whole plans: dispatches and bytes grow linearly with depth
 */
import { describe, expect, test } from 'vitest';
import { grad } from '../../src/kernels/grad.js';
import { mergeCommon } from '../../src/engine/plan/common.js';
import { emit } from '../../src/engine/plan/emit.js';
import { type Group, fuse, separateGroups } from '../../src/engine/plan/fuse.js';
import { type Graph, graphOf } from '../../src/engine/plan/graph.js';
import { dropDead } from '../../src/engine/plan/live.js';
import { assignMemory } from '../../src/engine/plan/memory.js';
import { separatePlaced } from '../../src/engine/plan/place.js';
import { plan } from '../../src/engine/plan/planner.js';
import { shareResults } from '../../src/engine/plan/rewrite.js';
import { select } from '../../src/engine/plan/select.js';
import { graphText, groupsText, kernelsText, memoryText } from '../../src/engine/plan/text.js';
import {
  type DeviceTraits,
  type Family,
  type Primitive,
  type Requirements,
  type Spec,
  type Variant,
  storageBytes,
} from '../../src/engine/primitive.js';
import { runPrimitive } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import {
  add,
  conv2d,
  exp,
  matmul,
  multiply,
  negate,
  relu,
  reshape,
  scale,
  square,
  sum,
} from '../../src/kernels/index.js';
import { negateOp } from '../../src/kernels/arithmetic.js';
import { conv2dKernelGradient } from '../../src/kernels/conv2d.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { paperBnModel, paperModel, smallModel } from '../../src/nn/models.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { fakeDevice, hollowDevice } from './fake_device.js';
import { plannedStep } from './planned_step.js';
import { residualNetwork } from './residual_network.js';
import { countUp, sideAlone, twoOutputs } from './two_outputs.js';

const device = fakeDevice({ family: 'gpu', subgroupSize: 32 });

const f32 = (shape: readonly number[]): Spec => ({ shape, dtype: 'f32' });

type Recorded = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** The graph of a function of f32 tensors of these shapes. */
function graphFrom(fn: Recorded, ...shapes: readonly (readonly number[])[]): Graph {
  const trace = new Trace(device);
  const results = trace.record(() => [fn(...shapes.map((shape) => trace.input(f32(shape))))].flat());
  return graphOf(
    trace,
    results.map((tensor) => trace.valueOf(tensor)),
  );
}

const placeholder = (...shape: number[]): Tensor => Tensor.placeholder({ shape, dtype: 'f32' }, device);

/** Two ranges of a flat tensor, 16 bytes or a multiple of it long, one after the other, of this shape. */
function rangesOf(flat: Tensor, shape: readonly number[]): [Tensor, Tensor] {
  const byteLength = storageBytes(f32(shape));
  const at = (offset: number): Tensor =>
    Tensor.over(device, { ...flat.storage, offset, byteLength }, f32(shape));
  return [at(0), at(byteLength)];
}

/** Changes `parameters` in place. */
function update(parameters: Tensor, gradients: Tensor): void {
  const state = Tensor.placeholder(stateSpec, device);
  const slots = { mean_square: placeholder(...parameters.shape) };
  rmsprop().apply({ parameters, gradients, slots, stepScalars: placeholder(1, 1), state }, { decay: true });
}

/** A graph whose function may place values. */
function graphWith(fn: (trace: Trace) => Tensor | readonly Tensor[]): Graph {
  const trace = new Trace(device);
  const results = trace.record(() => [fn(trace)].flat());
  return graphOf(
    trace,
    results.map((tensor) => trace.valueOf(tensor)),
  );
}

const fused = (graph: Graph): readonly Group[] => fuse(graph, select(graph, device));
const fusedText = (graph: Graph): string => groupsText(graph, fused(graph));

describe('live', () => {
  test('drops what no output and no effect depends on', () => {
    const graph = graphFrom(
      (x, w) => {
        square(exp(x));
        matmul(x, w);
        return reshape(negate(x), [16]);
      },
      [4, 4],
      [4, 4],
    );
    expect(graphText(graph)).toMatchInlineSnapshot(`
      "n0: %1 [4,4] = exp/forward(x input0)
      n1: %2 [4,4] = square/forward(x %1)
      n2: %4 [4,4] = matmul/forward(a input0, b input1) {transposeA false, transposeB false}
      n3: %5 [4,4] = negate/forward(x input0)
      return %5 as [16]"
    `);
    expect(graphText(dropDead(graph))).toMatchInlineSnapshot(`
      "n3: %5 [4,4] = negate/forward(x input0)
      return %5 as [16]"
    `);
  });

  test('keeps updates in place and placed values, with what they read', () => {
    const flat = placeholder(16);
    const graph = graphWith((trace) => {
      const x = trace.input(f32([4, 4]));
      trace.place(exp(x), placeholder(4, 4));
      update(flat, reshape(negate(x), [16]));
      return [];
    });
    expect(graphText(dropDead(graph))).toMatchInlineSnapshot(`
      "n0: %1@m1 [4,4] = exp/forward(x input0)
      n1: %2 [4,4] = negate/forward(x input0)
      n2: rmsprop/update(parameters %3@m3!, gradients %2 as [16], mean_square %4@m4!, stepScalars %5@m5, state %6@m6) {RHO 0.9, EPSILON 1e-8, EPSILON_INSIDE 1}"
    `);
  });
});

describe('common', () => {
  const shape = [4, 4];

  test('computes two equal products once, with equal operands before them', () => {
    const graph = graphFrom(
      (x, w) => [matmul(exp(x), w), negate(matmul(exp(x), w)), matmul(w, exp(x))],
      shape,
      shape,
    );
    expect(graphText(dropDead(mergeCommon(graph)))).toMatchInlineSnapshot(`
      "n0: %1 [4,4] = exp/forward(x input0)
      n1: %3 [4,4] = matmul/forward(a %1, b input1) {transposeA false, transposeB false}
      n4: %6 [4,4] = negate/forward(x %3)
      n5: %7 [4,4] = exp/forward(x input0)
      n6: %8 [4,4] = matmul/forward(a input1, b %7) {transposeA false, transposeB false}
      return %3, %6, %8"
    `);
  });

  test('keeps equal element-wise nodes, which cost nothing where they are fused', () => {
    const graph = graphFrom((x, w) => [add(exp(x), matmul(x, w)), add(exp(x), matmul(w, x))], shape, shape);
    expect(mergeCommon(graph).order).toEqual(graph.order);
  });

  test('tells attributes and shapes apart', () => {
    const graph = graphFrom(
      (x) => [sum(scale(x, 0)), sum(scale(x, -0)), sum(x, { axis: 0 }), sum(reshape(x, [2, 8]), { axis: 0 })],
      shape,
    );
    expect(mergeCommon(graph).order).toEqual(graph.order);
  });

  test('keeps two products if an operand changes between them, or if they are placed', () => {
    const flat = placeholder(16);
    const w = Tensor.over(device, flat.storage, { shape, dtype: 'f32' });
    const changed = graphFrom(
      (x, gradients) => {
        const before = matmul(x, w);
        update(flat, gradients);
        return [before, matmul(x, w)];
      },
      shape,
      [16],
    );
    expect(mergeCommon(changed).order).toEqual(changed.order);
    const placed = graphWith((trace) => {
      const x = trace.input(f32(shape));
      for (let i = 0; i < 2; i++) trace.place(matmul(x, x), placeholder(4, 4));
      return [];
    });
    expect(mergeCommon(placed).order).toEqual(placed.order);
  });

  test('keeps equal results of which one is changed in place', () => {
    const graph = graphFrom(
      (x, gradients) => {
        const y = matmul(x, x);
        update(reshape(y, [16]), gradients);
        return [y, matmul(x, x)];
      },
      shape,
      [16],
    );
    expect(mergeCommon(graph).order).toEqual(graph.order);
  });

  test('a plan runs the one, and copies its result for the second output', () => {
    const trace = new Trace(device);
    const outputs = trace.record(() => {
      const x = trace.input(f32(shape));
      return [matmul(x, x), matmul(x, x)];
    });
    const values = outputs.map((tensor) => trace.valueOf(tensor));
    const both = plan(trace, values, device);
    expect([both.dispatches.length, both.copies.length, both.dispatchesWithoutFusion]).toEqual([1, 1, 2]);
    const plain = plan(trace, values, device, { fusion: false });
    expect([plain.dispatches.length, plain.copies.length]).toEqual([2, 0]);
  });
});

describe('rewrite', () => {
  const images = [2, 4, 4, 2];
  const kernel = [3, 3, 2, 2];

  test('the sums for a bias come with the kernel gradient', () => {
    const graph = dropDead(
      graphFrom(
        (x, w, bias) => grad(square(add(conv2d(x, w, { padding: 'same' }), bias)), [w, bias]),
        images,
        kernel,
        [2],
      ),
    );
    const before = graph.order.map((id) => graph.nodes[id]?.primitive.name);
    expect(before.filter((name) => name === 'sum/forward')).toHaveLength(1);
    expect(graphText(shareResults(graph))).toMatchInlineSnapshot(`
      "n0: %2 [2,4,4,2] = conv2d/forward(x input0, kernel input1) {strides [1,1], pads [1,1,1,1]}
      n1: %4 [2,4,4,2] = add/forward(a %2, b input2)
      n3: %6 [2,4,4,2] = fill/forward() {shape [2,4,4,2], value 1}
      n4: %7 [2,4,4,2] = multiply/forward(a %6, b %4)
      n5: %8 [2,4,4,2] = scale/forward(x %7) {factor 2, offset 0}
      n7: %10 [3,3,2,2], %9 [2] = conv2d/kernel_gradient(x input0, dy %8) {strides [1,1], pads [1,1,1,1], kernelShape [3,3,2,2]}
      return %10, %9"
    `);
  });

  test('of two kernel gradients over the same dy one takes the sums', () => {
    const graph = dropDead(
      graphFrom(
        (x, other, w, v, bias) => {
          const y = add(add(conv2d(x, w, { padding: 'same' }), conv2d(other, v, { padding: 'same' })), bias);
          return grad(square(y), [w, v, bias]);
        },
        images,
        images,
        kernel,
        kernel,
        [2],
      ),
    );
    const count = (name: string, { nodes, order }: Graph): number =>
      order.filter((id) => nodes[id]?.primitive.name === name).length;
    const shared = shareResults(graph);
    expect([count('sum/forward', graph), count('conv2d/kernel_gradient', graph)]).toEqual([1, 2]);
    expect([count('sum/forward', shared), count('conv2d/kernel_gradient', shared)]).toEqual([0, 2]);
  });

  test('a kernel gradient does not move ahead of another one that computes its operand', () => {
    const graph = dropDead(
      graphFrom(
        (x, dy, dy2) => {
          const attributes = { strides: [1, 1], pads: [1, 1, 1, 1], kernelShape: kernel } as const;
          const sums = sum(dy2, { axis: [0, 1, 2] });
          const { dkernel } = runPrimitive(conv2dKernelGradient, { x, dy }, attributes);
          const bias = reshape(sum(dy, { axis: [0, 1, 2] }), [1, 1, 1, 2]);
          const second = runPrimitive(conv2dKernelGradient, { x: bias, dy: dy2 }, attributes);
          return [sums, dkernel, second.dkernel];
        },
        images,
        images,
        [1, 1, 1, 2],
      ),
    );
    const { nodes, order } = shareResults(graph);
    const written = new Set<number>();
    for (const id of order) {
      const { reads, results } = nodes[id]!;
      const computed = reads.filter((value) => graph.values[value]!.source === 'node');
      expect(computed.filter((value) => !written.has(value))).toEqual([]);
      for (const value of results) written.add(value);
    }
  });

  /** A kernel gradient, then the sums of dy, placed in a target that may be read or written between them. */
  const placedSums = (between?: 'read' | 'written' | 'written beside'): Graph =>
    graphWith((trace) => {
      const [x, dy] = [trace.input(f32(images)), trace.input(f32(images))];
      const [target, beside] = rangesOf(placeholder(8), [2]);
      const attributes = { strides: [1, 1], pads: [1, 1, 1, 1], kernelShape: kernel } as const;
      const { dkernel } = runPrimitive(conv2dKernelGradient, { x, dy }, attributes);
      const read = between === 'read' ? [exp(target)] : [];
      if (between === 'written') trace.place(negate(placeholder(2)), target);
      if (between === 'written beside') trace.place(negate(placeholder(2)), beside);
      trace.place(sum(dy, { axis: [0, 1, 2] }), target);
      return [dkernel, ...read];
    });

  test('both stay if the memory that would be written earlier is read or written between them', () => {
    expect(shareResults(placedSums()).order).toEqual([0]);
    expect(shareResults(placedSums('read')).order).toEqual([0, 1, 2]);
    expect(shareResults(placedSums('written')).order).toEqual([0, 1, 2]);
    expect(shareResults(placedSums('written beside')).order).toEqual([0, 1]);
  });

  test('both stay if the output that would be replaced is placed', () => {
    const withSide = (isPlaced: boolean): Graph =>
      graphWith((trace) => {
        const x = trace.input(f32([4, 4]));
        const { y, side } = runPrimitive(twoOutputs, { x }, {});
        if (isPlaced) trace.place(side, placeholder(4, 4));
        return [y, runPrimitive(sideAlone, { x }, {}).side];
      });
    expect(shareResults(withSide(false)).order).toEqual([0]);
    expect(shareResults(withSide(true)).order).toEqual([0, 1]);
  });

  test('both stay if an operand changes between them', () => {
    const flat = placeholder(64);
    const dy = Tensor.over(device, flat.storage, f32(images));
    const graph = graphFrom(
      (x, gradients) => {
        const attributes = { strides: [1, 1], pads: [1, 1, 1, 1], kernelShape: kernel } as const;
        const { dkernel } = runPrimitive(conv2dKernelGradient, { x, dy }, attributes);
        update(flat, gradients);
        return [dkernel, sum(dy, { axis: [0, 1, 2] })];
      },
      images,
      [64],
    );
    expect(shareResults(graph).order).toEqual([0, 1, 2]);
  });
});

describe('select', () => {
  test.each(['software', 'gpu'] as const)('%s', (family) => {
    const graph = graphFrom((x, w) => sum(relu(matmul(matmul(x, w), w))), [64, 64], [64, 64]);
    const kernels = select(graph, fakeDevice({ family, subgroupSize: 8 }));
    expect(kernelsText(graph, kernels)).toMatchSnapshot();
    expect(kernels[0]).toBe(kernels[1]);
  });

  const asksFor = (name: string, family: Family, requires?: Requirements): Variant<'x', 'y', never> => ({
    name,
    family,
    hasEpilogue: false,
    ...(requires ? { requires } : {}),
    lower: () => ({ dispatches: [{ shader: 'test/two_outputs', constants: {}, workgroups: [1, 1, 1] }] }),
  });
  /** What `select` chooses for a primitive of these variants. */
  const chosenOf = (traits: Partial<DeviceTraits>, ...variants: Variant<'x', 'y', never>[]) => {
    const primitive: Primitive<'x', 'y'> = {
      name: 'test/demanding',
      inputs: ['x'],
      outputs: ['y'],
      shape: ({ x }) => ({ y: x.shape }),
      cost: () => ({ flops: 0, bytes: 0 }),
      variants,
    };
    const graph = graphFrom((x) => runPrimitive(primitive, { x }, {}).y, [4]);
    return select(graph, fakeDevice({ family: 'gpu', ...traits }))[0]?.variant;
  };

  test('a variant runs where the device has the features and limits that it requires', () => {
    const variants = [
      asksFor('half', 'gpu', { features: ['shader-f16'] }),
      asksFor('large', 'gpu', { limits: { maxWorkgroupStorageBytes: 20_000 } }),
      asksFor('baseline', 'baseline'),
    ];
    const little = { features: [], maxWorkgroupStorageBytes: 16_384 };
    expect(chosenOf({ ...little, features: ['shader-f16'] }, ...variants)).toBe('half');
    expect(chosenOf({ ...little, maxWorkgroupStorageBytes: 20_000 }, ...variants)).toBe('large');
    expect(chosenOf(little, ...variants)).toBe('baseline');
  });

  test('an op that no variant can compute on the device says what the device lacks', () => {
    const demanding = { features: ['shader-f16'], limits: { maxInvocationsPerWorkgroup: 512 } } as const;
    expect(() => chosenOf({}, asksFor('baseline', 'baseline', demanding))).toThrowErrorMatchingInlineSnapshot(
      `[DeviceError: test: [4] → [4] needs the feature shader-f16 and maxInvocationsPerWorkgroup ≥ 512, which this device lacks; use another device.]`,
    );
  });
});

/** x doubled and halved, by so many ops. */
function alternating(x: Tensor, ops: number): Tensor {
  let y = x;
  for (let i = 0; i < ops; i++) y = scale(y, i % 2 === 0 ? 2 : 0.5);
  return y;
}

describe('fuse', () => {
  const shape = [32, 32];

  test('a chain goes into the kernel of its operand, with a map that only it needs', () => {
    const graph = graphFrom((x, w, a) => relu(add(exp(a), matmul(x, w))), shape, shape, shape);
    expect(fusedText(graph)).toMatchInlineSnapshot(
      `"g0: n1 matmul/forward + n0 exp/forward + n2 add/forward + n3 relu/forward (gpu_16x16)"`,
    );
    expect(groupsText(graph, separateGroups(graph, select(graph, device)))).toMatchInlineSnapshot(`
      "g0: n0 exp/forward (map)
      g1: n1 matmul/forward (gpu_16x16)
      g2: n2 add/forward (map)
      g3: n3 relu/forward (map)"
    `);
  });

  test('a value that is used twice is stored on the way', () => {
    const graph = graphFrom(
      (x, w) => {
        const y = matmul(x, w);
        return [matmul(relu(y), y), negate(relu(y))];
      },
      shape,
      shape,
    );
    expect(fusedText(graph)).toMatchInlineSnapshot(`
      "g0: n0 matmul/forward + n1 relu/forward (gpu_16x16), stores %2
      g1: n2 matmul/forward (gpu_16x16)
      g2: n3 relu/forward + n4 negate/forward (map)"
    `);
  });

  test('a kernel takes operands up to eight bindings', () => {
    const operands = Array.from({ length: 7 }, () => shape);
    const graph = graphFrom(
      (x, w, ...others) => others.reduce((y, other) => add(y, other), matmul(x, w)),
      shape,
      shape,
      ...operands,
    );
    // The product binds three.
    expect(fused(graph).map(({ chain }) => chain.length)).toEqual([5, 2]);
    expect(fusedText(graph)).toMatchInlineSnapshot(`
      "g0: n0 matmul/forward + n1 add/forward + n2 add/forward + n3 add/forward + n4 add/forward + n5 add/forward (gpu_16x16)
      g1: n6 add/forward + n7 add/forward (map)"
    `);
  });

  test('a stored value counts as a binding', () => {
    const operands = Array.from({ length: 5 }, () => shape);
    const graph = graphFrom(
      (x, w, ...others) => {
        const y = matmul(x, w);
        return [y, others.reduce((before, other) => add(before, other), y)];
      },
      shape,
      shape,
      ...operands,
    );
    expect(fused(graph).map(({ chain }) => chain.length)).toEqual([4, 1]);
  });

  test('a chain of thousands of ops becomes kernels of 64', () => {
    const groups = fused(graphFrom((x) => alternating(x, 2_000), shape));
    expect(groups.map(({ chain: { length } }) => length)).toEqual([
      ...Array.from({ length: 31 }, () => 64),
      16,
    ]);
  });

  test('a kernel has no more scalars than a structure has members', () => {
    const values = Array.from({ length: 100 }, (_, i) => i);
    const sums: Primitive<'x', 'y'> = {
      ...(negateOp.primitives[0] as Primitive<'x', 'y'>),
      name: 'test/plus_many',
      elementwise: { expression: ({ x }, _, __, scalar) => [x, ...values.map(scalar)].join(' + ') },
    };
    const graph = graphFrom(
      (x, w) => {
        let y = matmul(x, w);
        for (let i = 0; i < 25; i++) y = runPrimitive(sums, { x: y }, {}).y;
        return y;
      },
      shape,
      shape,
    );
    const groups = fused(graph);
    // The product counts its sizes as well.
    expect(groups.map(({ chain: { length } }) => length)).toEqual([10, 10, 5]);
    const { dispatches } = emit(graph, groups, assignMemory(graph, groups), device.traits);
    for (const { slots } of dispatches) {
      const bytes = slots.flatMap((slot) => (slot.kind === 'scalars' ? [slot.byteLength] : []));
      expect(Math.max(...bytes)).toBeLessThanOrEqual(4 * 1023);
    }
  });

  test('nothing moves past a change of memory that its kernel reads', () => {
    const flat = placeholder(1024);
    const w = Tensor.over(device, flat.storage, { shape, dtype: 'f32' });
    const graph = graphFrom(
      (x, gradients) => {
        const y = matmul(x, w);
        update(flat, gradients);
        return relu(y);
      },
      shape,
      [1024],
    );
    expect(fusedText(graph)).toMatchInlineSnapshot(`
      "g0: n0 matmul/forward (gpu_16x16)
      g1: n1 rmsprop/update (gpu)
      g2: n2 relu/forward (map)"
    `);
  });

  test('a kernel with an output in memory does not read that memory in its epilogue', () => {
    const graph = graphWith((trace) => {
      const target = placeholder(32, 32);
      const { y, side } = runPrimitive(twoOutputs, { x: trace.input(f32(shape)) }, {});
      trace.place(side, target);
      return add(y, target);
    });
    expect(fusedText(graph)).toMatchInlineSnapshot(`
      "g0: n0 test/two_outputs (baseline)
      g1: n1 add/forward (map)"
    `);
  });

  test('two results in the same memory are not written by one kernel', () => {
    const graph = graphWith((trace) => {
      const target = placeholder(32, 32);
      const { y, side } = runPrimitive(twoOutputs, { x: trace.input(f32(shape)) }, {});
      trace.place(side, target);
      trace.place(relu(y), target);
      return [];
    });
    expect(fused(graph)).toHaveLength(2);
  });

  test('a kernel with an output in memory does not move past another one that writes there', () => {
    const graph = (isBeside: boolean): Graph =>
      graphWith((trace) => {
        const x = trace.input(f32(shape));
        const [target, beside] = rangesOf(placeholder(2048), shape);
        const { y, side } = runPrimitive(twoOutputs, { x }, {});
        trace.place(side, target);
        trace.place(matmul(x, x), isBeside ? beside : target);
        return relu(y);
      });
    expect(fusedText(graph(false))).toMatchInlineSnapshot(`
      "g0: n0 test/two_outputs (baseline)
      g1: n1 matmul/forward (gpu_16x16)
      g2: n2 relu/forward (map)"
    `);
    expect(fusedText(graph(true))).toMatchInlineSnapshot(`
      "g0: n1 matmul/forward (gpu_16x16)
      g1: n0 test/two_outputs + n2 relu/forward (baseline)"
    `);
  });

  test('an update of a value that moved up stays behind what reads the old elements', () => {
    const graph = graphWith((trace) => {
      const [first, second] = [placeholder(32, 32), placeholder(32, 32)];
      const x = negate(trace.input(f32(shape)));
      const before = matmul(second, second);
      const y = relu(x);
      // Moves up, ahead of the product.
      trace.place(y, first);
      trace.place(exp(y), second);
      return before;
    });
    expect(fusedText(graph)).toMatchInlineSnapshot(`
      "g0: n1 matmul/forward (gpu_16x16)
      g1: n0 negate/forward + n2 relu/forward + n3 exp/forward (map), stores %4@m4"
    `);
  });

  test('a kernel does not read its second output in its epilogue, directly or through a map', () => {
    const direct = graphFrom((x) => {
      const { y, side } = runPrimitive(twoOutputs, { x }, {});
      return multiply(y, side);
    }, shape);
    expect(fusedText(direct)).toMatchInlineSnapshot(`
      "g0: n0 test/two_outputs (baseline)
      g1: n1 multiply/forward (map)"
    `);
    const throughMap = graphFrom((x) => {
      const { y, side } = runPrimitive(twoOutputs, { x }, {});
      return multiply(y, exp(side));
    }, shape);
    expect(fusedText(throughMap)).toMatchInlineSnapshot(`
      "g0: n0 test/two_outputs (baseline)
      g1: n1 exp/forward + n2 multiply/forward (map)"
    `);
  });
});

describe('place', () => {
  test('a value placed in a buffer that its kernel reads is computed beside it and copied', () => {
    const flat = placeholder(2048);
    const half = (offset: number): Tensor =>
      Tensor.over(
        device,
        { ...flat.storage, offset, byteLength: 4096 },
        {
          shape: [32, 32],
          dtype: 'f32',
        },
      );
    const graph = graphWith((trace) => {
      trace.place(relu(matmul(half(0), half(0))), half(4096));
      return [];
    });
    const groups = fused(graph);
    const separated = separatePlaced(graph, groups, device.traits);
    expect(graphText(separated.graph)).toMatchInlineSnapshot(`
      "n0: %1 [32,32] = matmul/forward(a %0@m0, b %0@m0) {transposeA false, transposeB false}
      n1: %3 [32,32] = relu/forward(x %1)
      n2: %2@m0+4096 [32,32] = copy/forward(x %3)"
    `);
    expect(groupsText(separated.graph, separated.groups)).toMatchInlineSnapshot(`
      "g0: n0 matmul/forward + n1 relu/forward (gpu_16x16)
      g1: n2 copy/forward (map)"
    `);
    // Without fusion the product has memory of its own, and needs no copy.
    const trace = new Trace(device);
    trace.record(() => trace.place(relu(matmul(half(0), half(0))), half(4096)));
    const [both, plain] = [true, false].map((fusion) => plan(trace, [], device, { fusion }));
    expect([both, plain].map((each) => each?.dispatches.map(({ label }) => label))).toEqual([
      ['matmul/forward + relu/forward', 'copy/forward'],
      ['matmul/forward', 'relu/forward'],
    ]);
    expect(both?.dispatchesWithoutFusion).toBe(plain?.dispatches.length);
    // The target alone is written directly.
    const beside = graphWith((trace) => {
      trace.place(relu(matmul(half(0), half(0))), placeholder(32, 32));
      return [];
    });
    expect(separatePlaced(beside, fused(beside), device.traits).groups).toHaveLength(1);
  });

  test('a value of integers is refused there by name', () => {
    const flat = Tensor.placeholder({ shape: [64], dtype: 'u32' }, device);
    const half = (offset: number): Tensor =>
      Tensor.over(device, { ...flat.storage, offset, byteLength: 128 }, { shape: [32], dtype: 'u32' });
    const graph = graphWith((trace) => {
      trace.place(runPrimitive(countUp, { x: half(0) }, {}).y, half(128));
      return [];
    });
    const groups = separateGroups(graph, select(graph, device));
    expect(() => separatePlaced(graph, groups, device.traits)).toThrowErrorMatchingInlineSnapshot(
      `[StateError: program: test/count_up writes [32] u32 to memory that its kernel reads, expected f32 or f16 there; write it to another tensor.]`,
    );
  });
});

describe('memory', () => {
  const text = (graph: Graph): string => {
    const groups = fused(graph);
    return memoryText(graph, groups, assignMemory(graph, groups));
  };

  test('a buffer is used again once its value is dead', () => {
    const chain = graphFrom(
      (x) => {
        let y = x;
        for (let i = 0; i < 6; i++) y = matmul(y, y);
        return y;
      },
      [32, 32],
    );
    expect(text(chain)).toMatchInlineSnapshot(`
      "g0: %1 → buffer0
      g1: %2 → buffer1; frees buffer0
      g2: %3 → buffer0; frees buffer1
      g3: %4 → buffer1; frees buffer0
      g4: %5 → buffer0; frees buffer1
      g5: %6 → output0; frees buffer0
      buffers: 4096, 4096"
    `);
  });

  test('scratch memory is given back after its kernel', () => {
    // Each sum takes two dispatches with partial sums between them.
    const graph = graphFrom((x) => [sum(x), sum(square(x)), sum(exp(x))], [100_000]);
    expect(text(graph)).toMatchInlineSnapshot(`
      "g0: %1 → output0, partial → buffer0; frees buffer0
      g1: %2 → buffer0
      g2: %3 → output1, partial → buffer1; frees buffer1, buffer0
      g3: %4 → buffer0
      g4: %5 → output2, partial → buffer1; frees buffer1, buffer0
      buffers: 400000, 96"
    `);
  });

  test('a value takes the free buffer that fits best', () => {
    const graph = graphFrom(
      (x, a, b, c) => {
        const large = matmul(x, a);
        const small = matmul(x, b);
        const joined = add(sum(large), sum(small));
        return add(matmul(x, c), joined);
      },
      [8, 8],
      [8, 64],
      [8, 16],
      [8, 8],
    );
    expect(text(graph)).toMatchInlineSnapshot(`
      "g0: %2 → buffer0
      g1: %4 → buffer1
      g2: %6 → buffer2; frees buffer1
      g3: %7 → buffer1; frees buffer0, buffer2
      g4: %10 → output0; frees buffer1
      buffers: 2048, 512, 16"
    `);
  });

  test('updates in place take no buffer, and what is returned twice is copied', () => {
    const flat = placeholder(16);
    const graph = graphFrom(
      (x) => {
        const y = matmul(x, x);
        update(flat, reshape(y, [16]));
        return [y, y, flat];
      },
      [4, 4],
    );
    expect(text(graph)).toMatchInlineSnapshot(`
      "g0: %1 → output0
      g1: 
      buffers: none"
    `);
    const groups = fused(graph);
    expect(assignMemory(graph, groups).copies.map(({ from, output }) => [from.kind, output])).toEqual([
      ['output', 1],
      ['fixed', 2],
    ]);
  });
});

describe('emit', () => {
  test('equal layers share a shader, other shapes and scalars do not', () => {
    const graph = graphFrom(
      (x, w, a, b) => {
        const [first, second] = [relu(add(matmul(x, w), a)), relu(add(matmul(w, x), b))];
        return [first, second, scale(matmul(first, second), 2), scale(matmul(second, first), 3)];
      },
      [32, 32],
      [32, 32],
      [32],
      [32],
    );
    const groups = fused(graph);
    const { dispatches } = emit(graph, groups, assignMemory(graph, groups), device.traits);
    const [first, second, doubled, tripled] = dispatches;
    expect(first?.shader).toBe(second?.shader);
    // The factor is a scalar: the same code, other numbers.
    expect(doubled?.shader.code).toBe(tripled?.shader.code);
    expect(doubled?.shader.code).not.toBe(first?.shader.code);
  });
});

describe('whole plans', () => {
  test.each([
    ['paper', paperModel, { software: 56_769_568, gpu: 63_545_248 }],
    ['paper-bn', paperBnModel, { software: 95_749_024, gpu: 95_808_928 }],
    ['small', smallModel, { software: 20_301_856, gpu: 20_297_248 }],
  ] as const)('bytes of intermediates of %s', (_, make, bytes) => {
    for (const family of ['software', 'gpu'] as const) {
      const model = make({ device: hollowDevice(family) });
      model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
      const { buffers } = plannedStep(model, { batchSize: 128 });
      expect(buffers.reduce((total, length) => total + length, 0)).toBe(bytes[family]);
    }
  });

  test.each([
    ['gpu', { dispatches: 26, bytes: 262_272 }],
    ['software', { dispatches: 26, bytes: 271_424 }],
  ] as const)('each residual block costs the same, %s', (family, each) => {
    const [few, more, most] = [2, 8, 16].map((blocks) => {
      const { dispatches, buffers } = plannedStep(residualNetwork(blocks, { family }));
      return { dispatches: dispatches.length, bytes: buffers.reduce((total, length) => total + length, 0) };
    }) as [typeof each, typeof each, typeof each];
    expect(more.dispatches - few.dispatches).toBe(6 * each.dispatches);
    expect(most.dispatches - more.dispatches).toBe(8 * each.dispatches);
    expect(most.bytes - more.bytes).toBe(8 * each.bytes);
  });
});
