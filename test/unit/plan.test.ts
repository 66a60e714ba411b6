/**
 * Plans without a device:
 *   every variant of every primitive lowers every case and every bench shape: constants exist, limits are kept
 *   what is dropped, fused, stored on the way, and not fused; which results are shared
 *   when buffers are used again; which variant is chosen
 */
import { expect, test } from 'vitest';
import { grad } from '../../src/kernels/grad.js';
import {
  type Attributes,
  type Primitive,
  type PrimitiveContext,
  type Spec,
  canRun,
  outputSpecs,
  sizeOf,
} from '../../src/engine/primitive.js';
import { type Plan, describePlan } from '../../src/engine/plan/plan.js';
import { program } from '../../src/engine/program.js';
import { specialise } from '../../src/engine/shader.js';
import { Tensor } from '../../src/engine/tensor.js';
import {
  add,
  conv2d,
  exp,
  matmul,
  maxPool2d,
  multiply,
  negate,
  relu,
  reshape,
  scale,
  square,
  sum,
} from '../../src/kernels/index.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { casesOf, evaluate } from '../../src/check/evaluate.js';
import { checks } from '../../src/check/index.js';
import type { Case, Evaluated, OpCheck, PrimitiveCase } from '../../src/check/op_check.js';
import { fakeDevice } from './fake_device.js';

/** Shapes stand for tensors where a plan is only made. */
function planOf(fn: (...inputs: Tensor[]) => Tensor | Tensor[], ...shapes: readonly number[][]): Plan {
  const inputs = shapes.map((shape): Spec => ({ shape, dtype: 'f32' })) as unknown as Tensor[];
  return program(fn, fakeDevice()).plan(...inputs);
}

const labels = (plan: Plan): string[] => plan.dispatches.map(({ label }) => label);

// ---- lowering ----

const primitives = [...checks.values()].flatMap(({ op }) =>
  op.primitives.map((primitive) => ({ op: op.name, primitive })),
);

const devices = [
  fakeDevice({ features: ['shader-f16'], family: 'software', subgroupSize: 8 }),
  fakeDevice({ features: ['shader-f16'], family: 'software', subgroupSize: 4 }),
  fakeDevice({ features: ['shader-f16'], family: 'software', subgroupSize: 0 }),
  fakeDevice({ features: ['shader-f16'], family: 'gpu', subgroupSize: 32, maxWorkgroupStorageBytes: 16_384 }),
  fakeDevice({ features: ['shader-f16'], family: 'gpu', subgroupSize: 0, maxWorkgroupStorageBytes: 16_384 }),
];

/** Names its case in the message of what a variant does wrong. */
function lowerEverywhere(
  name: string,
  primitive: Primitive,
  inputs: Record<string, Spec>,
  attributes: Attributes,
): number {
  const outputs = outputSpecs(primitive, inputs, attributes);
  let lowered = 0;
  for (const { traits } of devices) {
    const context: PrimitiveContext<string, string, Attributes> = {
      inputs,
      outputs,
      attributes,
      device: traits,
    };
    for (const variant of primitive.variants) {
      if (!canRun(variant, context)) continue;
      const { dispatches, scratch = {} } = variant.lower(context);
      const who = `${primitive.name} (${variant.name}), ${name}`;
      const operands = new Set([...primitive.inputs, ...primitive.outputs, ...Object.keys(scratch)]);
      for (const { shader, constants, bindings = {}, workgroups } of dispatches) {
        const storage = specialise(shader, constants).shader.bindings.filter(
          ({ access }) => access !== 'uniform',
        );
        const bound = storage.map((binding) => bindings[binding.name] ?? binding.name);
        expect(
          bound.filter((operand) => !operands.has(operand)),
          `${who}: unknown operands`,
        ).toEqual([]);
        expect(storage.length, who).toBeLessThanOrEqual(8);
        for (const count of workgroups) {
          expect(Number.isInteger(count) && count >= 1, `${who}: [${workgroups.join(',')}]`).toBe(true);
          expect(count, who).toBeLessThanOrEqual(traits.maxWorkgroupsPerDimension);
        }
        lowered++;
      }
      for (const byteLength of Object.values(scratch)) expect(byteLength, who).toBeGreaterThan(0);
    }
  }
  return lowered;
}

test.each(primitives.filter(({ primitive }) => !primitive.elementwise))(
  '$primitive.name lowers on every device',
  ({ op, primitive }) => {
    const check = checks.get(op) as OpCheck;
    let lowered = 0;
    casesOf(check, 6, true).forEach((each, index) => {
      // Operands are computed completely: leave out those of millions of elements.
      if (sizeOfAll(each) > (op === 'conv2d' || op === 'matmul' ? 20_000 : 300_000)) return;
      const describe = check.primitives[primitive.name] as (at: Evaluated) => PrimitiveCase;
      const { inputs, attributes } = describe(evaluate(check, each, index));
      lowered += lowerEverywhere(each.name, primitive, inputs, attributes);
    });
    expect(lowered).toBeGreaterThan(10);
  },
);

test('more workgroups than a device allows throw an error with its limit', () => {
  const small = fakeDevice({ maxWorkgroupsPerDimension: 4 });
  const x = { shape: [100_000], dtype: 'f32' } as unknown as Tensor;
  expect(() => program((input: Tensor) => relu(input), small).plan(x)).toThrowErrorMatchingInlineSnapshot(
    `[DeviceError: plan: elementwise/map needs [4,49,1] workgroups, more than this device's 4 per dimension; use a smaller batch.]`,
  );
});

function sizeOfAll({ inputs }: Case): number {
  return Object.values(inputs).reduce((sum, shape) => sum + sizeOf(shape), 0);
}

/** Every shape that is too large to work out here, and those of the bench: planned with gradients, on every device. */
const large = [...checks.values()].flatMap((check) =>
  check.call
    ? [...casesOf(check, 0, true).filter((each) => sizeOfAll(each) > 20_000), ...check.bench].map(
        (given) => ({
          check,
          name: `${check.reference.op}, ${given.name}`,
          given,
        }),
      )
    : [],
);

test.each(large)('$name is planned on every device', ({ check, given }) => {
  const names = Object.keys(check.inputs);
  const specs = names.map((name): Spec => ({
    shape: given.inputs[name] as number[],
    dtype: check.inputs[name]?.dtype ?? 'f32',
  }));
  const differentiable = names.filter((_, i) => ['f32', 'f16'].includes(specs[i]!.dtype));
  for (const device of devices) {
    const plan = program((...tensors: Tensor[]) => {
      const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const outputs = check.call?.(operands, given.options) ?? {};
      const [first] = check.outputs as [string];
      const wanted = differentiable.map((name) => operands[name] as Tensor);
      if (!check.reference.backward || wanted.length === 0) return Object.values(outputs);
      return [...Object.values(outputs), ...grad(outputs[first] as Tensor, wanted)];
    }, device).plan(...(specs as unknown as Tensor[]));
    expect(plan.dispatches.length + plan.copies.length).toBeGreaterThan(0);
    for (const { workgroups, label } of plan.dispatches)
      expect(Math.max(...workgroups), label).toBeLessThanOrEqual(device.traits.maxWorkgroupsPerDimension);
  }
});

// ---- fusing ----

test('a layer is one kernel: bias, activation and dropout go into what precedes them', () => {
  const plan = planOf(
    (x, kernel, bias) => relu(add(conv2d(x, kernel, { padding: 'same' }), bias)),
    [2, 8, 8, 3],
    [3, 3, 3, 4],
    [4],
  );
  expect(new Set(labels(plan))).toEqual(new Set(['conv2d/forward + add/forward + relu/forward']));
});

test('a value that several ops use flows to all of them in one kernel', () => {
  const plan = planOf(
    (x, w) => {
      const y = matmul(x, w);
      return add(exp(y), negate(y));
    },
    [32, 32],
    [32, 32],
  );
  expect(labels(plan)).toEqual(['matmul/forward + exp/forward + negate/forward + add/forward']);
  expect(plan.buffers).toEqual([]);
});

test('a value that a kernel needs too, or that is returned, is stored on the way', () => {
  const needed = planOf(
    (x, w) => {
      const y = matmul(x, w);
      return matmul(relu(y), y);
    },
    [32, 32],
    [32, 32],
  );
  expect(labels(needed)).toEqual(['matmul/forward + relu/forward', 'matmul/forward']);
  const [first, second] = needed.dispatches.map(({ slots }) => slots);
  // Rows, columns, relu(y), y; then the last two, as operands.
  expect(first?.slice(2)).toEqual(second?.slice(0, 2));
  const returned = planOf(
    (x, w) => {
      const y = matmul(x, w);
      return [y, relu(y)];
    },
    [32, 32],
    [32, 32],
  );
  expect(labels(returned)).toEqual(['matmul/forward + relu/forward']);
  expect(returned.dispatches[0]?.slots.slice(2).map(({ kind, index }: Indexed) => [kind, index])).toEqual([
    ['output', 1],
    ['output', 0],
  ]);
});

type Indexed = { kind: string; index?: number };

test('an op is not fused past a kernel that reads the value on its way', () => {
  const plan = planOf(
    (x, w) => {
      const y = matmul(x, w);
      return multiply(y, sum(y));
    },
    [32, 32],
    [32, 32],
  );
  expect(plan.dispatches.map(({ primitive }) => primitive)).toEqual(
    expect.arrayContaining(['matmul/forward', 'sum/forward', 'multiply/forward']),
  );
});

test('an op is not fused past what changes the memory that its kernel reads, seen as another tensor', () => {
  const device = fakeDevice();
  const flat = Tensor.placeholder({ shape: [1024], dtype: 'f32' }, device);
  const w = Tensor.over(device, flat.storage, { shape: [32, 32], dtype: 'f32' });
  const state = Tensor.placeholder(stateSpec, device);
  const stepScalars = Tensor.placeholder({ shape: [1, 1], dtype: 'f32' }, device);
  const spec = (...shape: number[]) => ({ shape, dtype: 'f32' }) as unknown as Tensor;
  const plan = program((x: Tensor, gradients: Tensor) => {
    const y = matmul(x, w);
    const slots = { mean_square: Tensor.placeholder(flat, device) };
    rmsprop().apply({ parameters: flat, gradients, slots, stepScalars, state }, { decay: true });
    return relu(y);
  }, device).plan(spec(32, 32), spec(1024));
  expect(labels(plan)).toEqual(['matmul/forward', 'rmsprop/update', 'relu/forward']);
});

// ---- shared results ----

/** The gradients of a convolution with a bias. */
const biased = (wanted: 'bias' | 'both') =>
  planOf(
    (x, kernel, bias) => {
      const y = add(conv2d(x, kernel, { padding: 'same' }), bias);
      return grad(square(y), wanted === 'both' ? [kernel, bias] : [bias]);
    },
    [4, 8, 8, 8],
    [3, 3, 8, 16],
    [16],
  );

test('the sums of dy come with the kernel gradient', () => {
  const { dispatches, dispatchesWithoutFusion } = biased('both');
  expect(dispatches.filter(({ primitive }) => primitive === 'sum/forward')).toEqual([]);
  const reduce = dispatches.findLast(({ primitive }) => primitive === 'conv2d/kernel_gradient');
  expect(reduce?.slots.filter(({ kind }) => kind === 'output')).toHaveLength(2);
  expect(dispatchesWithoutFusion).toBeGreaterThan(dispatches.length);
});

test('without the kernel gradient, the sums of dy have kernels of their own', () => {
  const primitives = biased('bias').dispatches.map(({ primitive }) => primitive);
  expect(primitives).toContain('sum/forward');
  expect(primitives).not.toContain('conv2d/kernel_gradient');
});

test('sums over other axes, or of another value, stay', () => {
  const plan = planOf(
    (x, kernel, other) => {
      const y = conv2d(x, kernel, { padding: 'same' });
      const [dy, dkernel] = grad(multiply(y, other), [y, kernel]);
      return [dkernel, sum(dy, { axis: [0, 1] }), sum(x, { axis: [0, 1, 2] })];
    },
    [4, 8, 8, 16],
    [3, 3, 16, 16],
    [4, 8, 8, 16],
  );
  const sums = plan.dispatches.filter(({ primitive }) => primitive === 'sum/forward');
  expect(new Set(sums.map(({ kernel }) => kernel)).size).toBe(2);
});

test('an op that makes its operand larger is not fused into it', () => {
  const plan = planOf((x, w, big) => add(matmul(x, w), big), [1, 32], [32, 4], [8, 4]);
  expect(new Set(labels(plan))).toEqual(new Set(['matmul/forward', 'add/forward']));
});

test('a kernel is the better host, and does the work of a map that no other op needs', () => {
  const shapes = [
    [32, 32],
    [32, 32],
    [32, 32],
  ];
  const plan = planOf((x, w, a) => add(exp(a), matmul(x, w)), ...shapes);
  expect(labels(plan)).toEqual(['matmul/forward + exp/forward + add/forward']);
  const shared = planOf(
    (x, w, a) => {
      const map = exp(a);
      return [add(map, matmul(x, w)), matmul(map, w)];
    },
    ...shapes,
  );
  expect(labels(shared)).toEqual(['exp/forward', 'matmul/forward + add/forward', 'matmul/forward']);
});

test('an element-wise chain of its own is one map', () => {
  const plan = planOf((x) => square(negate(exp(scale(x, 2)))), [1000]);
  expect(labels(plan)).toEqual(['scale/forward + exp/forward + negate/forward + square/forward']);
  expect(plan.dispatches[0]?.variant).toBe('map');
  expect(plan.buffers).toEqual([]);
});

test('what no output depends on is dropped', () => {
  const plan = planOf(
    (x, w) => {
      matmul(x, w);
      const unused = exp(x);
      square(unused);
      return negate(x);
    },
    [8, 8],
    [8, 8],
  );
  expect(labels(plan)).toEqual(['negate/forward']);
});

test('a view costs nothing', () => {
  const plan = planOf((x) => reshape(reshape(x, [4, 6]), [24]), [2, 3, 4]);
  expect(plan.dispatches).toEqual([]);
  expect(plan.copies).toHaveLength(1);
});

// ---- buffers ----

test('two values alive at once never share a buffer', () => {
  const plan = planOf(
    (x) => {
      // A diamond: both arms are alive until they meet.
      const left = maxPool2d(maxPool2d(x, { poolSize: 3, strides: 1 }), { poolSize: 3, strides: 1 });
      const right = maxPool2d(x, { poolSize: 5, strides: 1 });
      return sum(multiply(left, right));
    },
    [1, 12, 12, 4],
  );
  for (const { slots, shader, label } of plan.dispatches) {
    const own = slots.map((slot, i) => ({ slot, access: shader.bindings[i]?.access }));
    const written = own.filter(({ access }) => access === 'read_write').map(({ slot }) => slot);
    const read = own.filter(({ access }) => access === 'read').map(({ slot }) => slot);
    for (const slot of written) expect(read, label).not.toContainEqual(expect.objectContaining(keyOf(slot)));
  }
  expect(plan.buffers.length).toBeLessThanOrEqual(3);
});

function keyOf(slot: Plan['dispatches'][number]['slots'][number]): object {
  return 'index' in slot ? { kind: slot.kind, index: slot.index } : slot;
}

test('the plan prints itself', () => {
  const plan = planOf((x, w) => sum(relu(matmul(x, w))), [5, 7], [7, 3]);
  const text = describePlan(plan);
  expect(text.split('\n')).toHaveLength(plan.dispatches.length + 1);
  expect(text).toMatch(/matmul\/forward \+ relu\/forward \(\w+\) \[5,7\] \[7,3\]/);
  expect(text).toMatch(/intermediate buffers? of .* in all \(.* without reuse\)/);
});

// ---- variants ----

test('the family of the device chooses; a forced variant comes first; a baseline one serves the rest', () => {
  const run = (device: ReturnType<typeof fakeDevice>): string | undefined => {
    const spec = [256, 256];
    const inputs = [spec, spec].map((shape): Spec => ({ shape, dtype: 'f32' })) as unknown as Tensor[];
    return program((a, b) => matmul(a, b), device).plan(...inputs).dispatches[0]?.variant;
  };
  expect(run(fakeDevice({ family: 'gpu', subgroupSize: 32 }))).toMatch(/^gpu_/);
  expect(run(fakeDevice({ family: 'software', subgroupSize: 0 }))).toBe('baseline');
  const forced = fakeDevice({ family: 'gpu', subgroupSize: 32 });
  forced.forcedVariants.set('matmul/forward', 'baseline');
  expect(run(forced)).toBe('baseline');
});
