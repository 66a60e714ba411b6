/**
 * Plans with assignments:
 *   a chain that reads its target at the same index binds it once, as an argument or captured; several results in one dispatch
 *   otherwise it computes beside the target and copies: broadcast operands, other ranges of its buffer, kernels that read it
 *   what reads the old elements runs before, what reads the new ones after
 *   what cannot be assigned is refused, and so are gradients through it
 */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { grad } from '../../src/kernels/grad.js';
import {
  add,
  assign,
  divide,
  exp,
  matmul,
  multiply,
  negate,
  reshape,
  scale,
  sqrt,
  square,
  subtract,
  sum,
} from '../../src/kernels/index.js';
import { fakeDevice } from './fake_device.js';

const device = fakeDevice();
const tensor = (...shape: number[]): Tensor => Tensor.placeholder({ shape, dtype: 'f32' }, device);
/** The elements from `first` on of a tensor with 256 elements. */
const part = (whole: Tensor, first: number, size = 64): Tensor => {
  const { storage } = whole;
  const slice = { ...storage, offset: first * 4, byteLength: size * 4 };
  return Tensor.over(device, slice, { shape: [size], dtype: 'f32' }, whole);
};

function planOf(fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[] | void, ...inputs: Tensor[]): Plan {
  return program((...traced: Tensor[]) => fn(...traced) ?? [], device).plan(...inputs);
}

/** Each dispatch: the ops, and how it binds what. */
function textOf({ dispatches }: Plan, names: Readonly<Record<string, Tensor>> = {}): string[] {
  return dispatches.map(({ label, slots, shader }) => {
    const bound = slots.flatMap((slot, i) => {
      if (slot.kind === 'scalars') return [];
      const found = Object.entries(names).find(
        ([, { storage }]) =>
          slot.kind === 'fixed' &&
          slot.storage.buffer === storage.buffer &&
          slot.storage.offset === storage.offset,
      );
      const name = found?.[0] ?? ('index' in slot ? `${slot.kind}${slot.index}` : slot.kind);
      return [`${name}${shader.bindings[i]!.access === 'read_write' ? '!' : ''}`];
    });
    return `${label}: ${bound.join(' ')}`.replaceAll('/forward', '');
  });
}

describe('a target that its chain reads at the same index is bound once', () => {
  it('captured', () => {
    const [p, g] = [tensor(8), tensor(8)];
    const plan = planOf(() => assign(p, subtract(p, scale(g, 0.5))));
    expect(textOf(plan, { p, g })).toEqual(['scale + subtract + assign: p! g']);
    expect(plan.dispatches[0]!.shader.code).toContain('y[index]');
    expect(plan.buffers).toEqual([]);
  });

  it('as an argument, and several results in one dispatch', () => {
    const momentum = (p: Tensor, v: Tensor, g: Tensor): void => {
      const next = subtract(scale(v, 0.9), scale(g, 0.1));
      assign(v, next);
      assign(p, add(p, next));
    };
    const inputs = [tensor(8), tensor(8), tensor(8)];
    expect(textOf(planOf(momentum, ...inputs))).toEqual([
      'scale + scale + subtract + assign + add + assign: input0! input2 input1!',
    ]);
  });

  it('with views of the target', () => {
    const p = tensor(2, 4);
    const plan = planOf(() => assign(p, reshape(negate(reshape(p, [8])), [2, 4])));
    expect(textOf(plan, { p })).toEqual(['negate + assign: p!']);
  });

  it.each(['at once', 'at the end'])('Adam takes one dispatch, assigned %s', (when) => {
    const [p, g, m, v, c] = [tensor(8), tensor(8), tensor(8), tensor(8), tensor(1)];
    const plan = planOf(() => {
      const late: (() => void)[] = [];
      const update = (target: Tensor, value: Tensor): Tensor => {
        if (when === 'at once') assign(target, value);
        else late.push(() => assign(target, value));
        return value;
      };
      const mean = update(m, add(scale(m, 0.9), scale(g, 0.1)));
      const meanSquare = update(v, add(scale(v, 0.99), scale(square(g), 0.01)));
      update(p, subtract(p, divide(multiply(c, mean), add(sqrt(meanSquare), 1e-7))));
      for (const each of late) each();
    });
    const [bound, ...others] = textOf(plan, { p, g, m, v, c });
    expect(others).toEqual([]);
    expect(bound!.split(': ')[1]).toBe('p! g c m! v!');
  });

  it('beside a kernel whose result goes elsewhere', () => {
    const [m, x, w] = [tensor(8, 8), tensor(8, 8), tensor(8, 8)];
    const plan = planOf(() => {
      const sums = add(m, matmul(x, w));
      assign(m, sums);
      return exp(sums);
    });
    const [last] = textOf(plan, { m, x, w }).slice(-1);
    expect(last).toMatch(/^matmul \+ add \+ assign \+ exp: .* output0! m!$/);
  });
});

describe('otherwise it computes beside the target and copies', () => {
  it.each([
    ['sums over the target', (p: Tensor) => add(p, sum(p, { axis: 0 }))],
    ['a kernel that reads the target', (p: Tensor) => negate(matmul(p, p))],
    ['a kernel over other operands', (p: Tensor) => add(p, matmul(tensor(8, 8), tensor(8, 8)))],
  ])('%s', (name, fn) => {
    const p = tensor(8, 8);
    const texts = textOf(
      planOf(() => assign(p, fn(p))),
      { p },
    );
    expect(texts).toHaveLength(2);
    expect(texts[1]).toBe(name === 'sums over the target' ? 'add + assign: p! buffer0' : 'copy: p! buffer0');
  });

  it('a broadcast of the target itself', () => {
    const p = tensor(8);
    const rows = planOf(() => {
      const y = add(reshape(p, [8, 1]), reshape(p, [1, 8]));
      assign(p, sum(y, { axis: 0 }));
    });
    expect(textOf(rows, { p })).toEqual(['add: buffer0! p', 'sum + assign: buffer0 p!']);
  });

  it('another range of the buffer', () => {
    const whole = tensor(256);
    const [a, b] = [part(whole, 0), part(whole, 128)];
    const plan = planOf(() => assign(a, exp(b)));
    expect(textOf(plan, { a, b })).toEqual(['exp + assign: buffer0! b', 'copy: a! buffer0']);
  });
});

describe('order', () => {
  const [p, q] = [tensor(8), tensor(8)];

  it('what was recorded before keeps the old elements, what comes after reads the new ones', () => {
    const plan = planOf(() => {
      const before = exp(p);
      assign(p, q);
      return [before, exp(p), add(negate(p), before)];
    });
    const texts = textOf(plan, { p, q });
    expect(texts.slice(0, 2)).toEqual(['exp: output0! p', 'assign: p! q']);
    for (const text of texts.slice(2)) expect(text).toContain(' p');
  });

  it('the last of two assignments counts', () => {
    const plan = planOf(() => {
      assign(p, exp(q));
      assign(p, negate(q));
    });
    expect(textOf(plan, { p, q })).toEqual(['exp + assign: p! q', 'negate + assign: p! q']);
  });

  it('an assignment stays behind what reads the old elements', () => {
    const plan = planOf(() => {
      const y = exp(q);
      const before = matmul(reshape(p, [1, 8]), reshape(y, [8, 1]));
      assign(p, y);
      return before;
    });
    expect(textOf(plan, { p, q }).map((text) => text.split(':')[0])).toEqual([
      'exp',
      'matmul',
      'matmul',
      'assign',
    ]);
  });

  it('a chain does not move past an assignment of an overlapping range', () => {
    const whole = tensor(256);
    const a = part(whole, 0, 128);
    const b = part(whole, 64, 128);
    const plan = planOf(() => {
      const y = exp(reshape(tensor(128), [128]));
      assign(a, y);
      assign(b, negate(tensor(128)));
      return negate(y);
    });
    expect(textOf(plan, { a, b }).map((text) => text.split(/\W/)[0])).toEqual(['exp', 'negate', 'negate']);
    expect(textOf(plan, { a, b })[0]).toContain('a!');
  });
});

describe('refusals', () => {
  it('shapes, dtypes, and what the program computes', () => {
    const [p, words] = [tensor(4), Tensor.placeholder({ shape: [4], dtype: 'u32' }, device)];
    const message = (fn: (x: Tensor) => void) => () => planOf(fn, tensor(4));
    expect(message(() => assign(p, tensor(2, 2)))).toThrow(
      'assign: value is [2,2] and target [4], expected the same shape and dtype.',
    );
    expect(message(() => assign(words, p))).toThrow('assign: value is [4] and target [4] u32');
    expect(message(() => assign(words, words))).toThrow("assign: 'value' is u32 [4], expected f32.");
    expect(message((x) => assign(exp(x), p))).toThrow('assign: target [4] is computed by the program');
    expect(message(() => assign(3 as never, p))).toThrow(UsageError);
    const gone = tensor(4);
    gone.dispose();
    expect(message(() => assign(gone, p))).toThrow('assign: target [4] was disposed');
  });

  it('gradients through an assignment', () => {
    const p = tensor(4);
    const throughTarget = () =>
      planOf((x) => {
        assign(p, multiply(x, 2));
        return grad(sum(square(p)), [x]);
      }, tensor(4));
    expect(throughTarget).toThrow(
      'grad: the loss depends on the tensors through assign, which has no gradient.',
    );
    const changed = () =>
      planOf((x) => {
        const loss = sum(square(x));
        assign(x, negate(x));
        return grad(loss, [x]);
      }, tensor(4));
    expect(changed).toThrow(/assign changed in place after square had used it; call grad before the change/);
  });
});
