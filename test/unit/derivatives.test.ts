// Plan: which ops `grad` differentiates, as docs/kit.md lists them: every op of the checks, on its first case. Those
// of first and second order through every operand of floats; the others, the changes in place among them, are refused by name.
import { expect, test } from 'vitest';
import { evaluate } from '../../src/check/evaluate.js';
import { checks } from '../../src/check/index.js';
import type { OpCheck } from '../../src/check/op_check.js';
import { otherNames } from '../../src/check/other_names.js';
import type { Spec } from '../../src/engine/primitive.js';
import { runPrimitive } from '../../src/engine/program.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { square } from '../../src/kernels/arithmetic.js';
import { grad } from '../../src/kernels/grad.js';
import * as ops from '../../src/kernels/index.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import * as layers from '../../src/nn/layers/index.js';
import * as losses from '../../src/nn/losses/index.js';
import * as metrics from '../../src/nn/metrics/index.js';
import { sequential } from '../../src/nn/model.js';
import * as optimizers from '../../src/nn/optimizers/index.js';
import { fakeDevice } from './fake_device.js';
import { functionNames, lossNames, metricNames, optimizerNames, torchLayers } from './kit_names.js';

type Named = Readonly<Record<string, Tensor>>;

/** Records a function of operands of these specs. */
function recorded<R>(specs: Readonly<Record<string, Spec>>, fn: (operands: Named) => R): R {
  const trace = new Trace(fakeDevice());
  const named = Object.entries(specs).map(([name, spec]) => [name, trace.input(spec)] as const);
  return trace.record(() => fn(Object.fromEntries(named)));
}

const floatsOf = (tensors: Named): Tensor[] =>
  Object.values(tensors).filter(({ dtype }) => dtype.startsWith('f'));

/** What `grad` says of an output by the operands; '' for a gradient that it could record. */
function refusalOf(output: Tensor, operands: readonly Tensor[]): string {
  try {
    grad(output, operands, { unconnected: 'zero' });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Records the gradients of the gradients of all differentiable outputs by all float operands. */
function differentiates(check: OpCheck): boolean {
  const { call, reference, outputs, differentiable = outputs, cases } = check;
  if (!reference.backward) return false;
  // Without operands of floats, such as fill and one_hot: a constant.
  if (Object.values(check.inputs).every(({ dtype = 'f32' }) => !dtype.startsWith('f'))) return true;
  if (!call) return false;
  const { inputs, options } = evaluate(check, cases[0]!);
  return recorded(inputs, (operands) => {
    const floats = floatsOf(operands);
    const results = call(operands, options);
    for (const name of differentiable) {
      // Squares, so that the gradients of linear ops depend on the operands.
      const first = grad(square(results[name]!), floats, { unconnected: 'zero' });
      grad(first.map(square), floats, { unconnected: 'zero' });
    }
    return true;
  });
}

const names = [...checks.keys()].toSorted();
const without = names.filter((name) => !differentiates(checks.get(name)!));

/** Optimizers without a kernel of their own. */
const optimizersOfOps = names.filter(
  (name) => otherNames[name]?.[0].startsWith('optimizers.') && checks.get(name)!.op.primitives.length === 0,
);

test('an op without derivatives has a reference without them', () => {
  expect(without.length).toBeGreaterThan(0);
  for (const name of without) expect(checks.get(name)!.reference.backward, name).toBeUndefined();
});

/** The row of an op in docs/kit.md; families and dtypes are those of its forward. */
function rowOf(name: string): string {
  const { op, inputs, outputs, differentiable = outputs } = checks.get(name)!;
  const [forward] = op.primitives;
  const families = forward?.elementwise ? ['any'] : (forward?.variants.map(({ family }) => family) ?? []);
  const dtypes = Object.values(inputs).map(({ dtype = 'f32' }) => dtype);
  const takesIntegers = dtypes.length > 0 && dtypes.every((dtype) => !dtype.startsWith('f'));
  const isHalf = forward?.elementwise
    ? !takesIntegers
    : forward?.variants.some(({ float }) => float === 'f16');
  const first = differentiable.length < outputs.length ? `of ${differentiable.join(', ')}` : 'yes';
  const derivatives = without.includes(name) ? 'none' : first;
  const cells = [
    `\`${publicName(name)}\``,
    [...new Set(families)].join(', '),
    isHalf ? 'yes' : '',
    derivatives,
    ...(otherNames[name] ?? []).map((other) => other && `\`${other}\``),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** `conv2d` for `conv2d`, `maxPool2d` for `max_pool2d`. */
const publicName = (name: string): string =>
  name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const code = (names: string): string =>
  names
    .split(', ')
    .filter(Boolean)
    .map((name) => `\`${name}\``)
    .join(', ');

/** Rows of the functions among the exports of a module, with their names elsewhere; `others` are not listed. */
function rowsOf(
  module: object,
  names: Readonly<Record<string, readonly string[]>>,
  others: readonly string[] = [],
): string {
  const functions = Object.entries(module)
    .filter(([name, value]) => typeof value === 'function' && !others.includes(name))
    .map(([name]) => name)
    .sort((a, b) => a.localeCompare(b, 'en'));
  // Each has its entry, and no entry is left over.
  expect(Object.keys(names).sort((a, b) => a.localeCompare(b, 'en'))).toEqual(functions);
  return functions.map((name) => `| ${[name, ...names[name]!].map(code).join(' | ')} |`).join('\n');
}

/** By the names of the library, with Keras's, which files have too, and PyTorch's. */
const layerNames = Object.fromEntries(
  Object.entries(layerClasses).flatMap(([className, make]) => {
    const [name] = Object.entries(layers).find(([, each]) => each === (make as unknown)) ?? [];
    return name === undefined ? [] : [[name, [className, torchLayers[className]!]]];
  }),
);

test('docs/kit.md holds the tables of the kit', async () => {
  expect(Object.keys(otherNames)).toEqual(names);
  const text = `# The kit

The ops, layers, losses, metrics and optimizers, named as in Keras, in camelCase. \`F\` is \`torch.nn.functional\`, \`transforms\` that of
torchvision; layers and losses of PyTorch are in \`torch.nn\`, optimizers in \`torch.optim\`.

## Ops

From the registry of checks (\`src/check/ops\`): \`npm run gradcheck\` compares the result of each, in every variant, and its
first and second derivatives with float64, and with central differences; it writes \`max_pool2d\` for \`maxPool2d\`. \`test/unit/derivatives.test.ts\` writes this page
(\`npx vitest run --project unit derivatives -u\`).

- **families**: the kinds of devices for which its forward has kernels; an element-wise op is one WGSL expression, fused
  into the kernel before it on any device.
- **f16**: whether it takes f16.
- **derivatives**: of first, second and higher order, \`of loss\` where only that output has them.

| op | families | f16 | derivatives | Keras | PyTorch |
| --- | --- | --- | --- | --- | --- |
${names.map(rowOf).join('\n')}

### Functions made of these

| function | Keras | PyTorch |
| --- | --- | --- |
${rowsOf(ops, functionNames, names.map(publicName))}

## Layers

| layer | Keras | PyTorch |
| --- | --- | --- |
${rowsOf(layers, layerNames)}

## Losses

| loss | Keras | PyTorch |
| --- | --- | --- |
${rowsOf(losses, lossNames)}

## Metrics

| metric | Keras | torchmetrics |
| --- | --- | --- |
${rowsOf(metrics, metricNames)}

## Optimizers

| optimizer | Keras | PyTorch |
| --- | --- | --- |
${rowsOf(optimizers, optimizerNames)}

\`compile\` takes each by this name, or what its function returns.

## Second names

None is taken: each part has the one name above. Names of Keras, TensorFlow.js and PyTorch that differ, such as \`mse\`,
\`learning_rate\` or \`eps\`, are refused with a message that says the name here.
`;
  await expect(text).toMatchFileSnapshot('../../docs/kit.md');
});

test.each<[string, () => unknown, string]>([
  ['mse', () => compiled({ loss: 'mse' }), 'meanSquaredError'],
  ['nll_loss', () => compiled({ loss: 'nll_loss' }), 'sparseCategoricalCrossentropy'],
  ['acc', () => compiled({ metrics: ['acc'] }), 'accuracy'],
  ['AdamW', () => compiled({ optimizer: 'AdamW' }), 'adamW'],
  ['learning_rate', () => optimizers.adam({ learning_rate: 1 } as never), 'learningRate'],
  ['lr', () => optimizers.sgd({ lr: 1 } as never), 'learningRate'],
  ['eps', () => layers.batchNormalization({ eps: 1 } as never), 'epsilon'],
  ['out_features', () => layers.dense({ out_features: 1 } as never), 'units'],
])('the second name %s is refused with the name here', (_, call, name) => {
  expect(call).toThrow(new RegExp(`did you mean '${name}'`));
});

function compiled(options: object): void {
  const made = sequential([layers.dense({ units: 2, inputShape: [3] })], { device: fakeDevice() });
  made.compile({ optimizer: 'sgd', loss: 'meanSquaredError', ...options });
}

test.each(without)('%s is refused by name', (name) => {
  const check = checks.get(name)!;
  const at = evaluate(check, check.cases[0]!);
  const { call } = check;
  const refusals = call
    ? recorded(at.inputs, (operands) =>
        Object.values(call(operands, at.options)).map((output) => refusalOf(output, floatsOf(operands))),
      )
    : check.op.primitives.flatMap((primitive) => {
        const { inputs, attributes } = check.primitives[primitive.name]!(at);
        return recorded(inputs, (operands) => {
          const floats = floatsOf(operands);
          const results: Named = runPrimitive(primitive, operands, attributes);
          const changed: Named = Object.fromEntries(
            (primitive.mutates ?? []).map((operand) => [operand, operands[operand]!]),
          );
          const outputs = floats.length === 0 ? [] : floatsOf({ ...results, ...changed });
          return outputs.map((output) => refusalOf(output, floats));
        });
      });
  // An optimizer made of ops changes the parameters through assign.
  const named = optimizersOfOps.includes(name) ? 'assign' : name;
  for (const refusal of refusals) expect(refusal).toMatch(new RegExp(`\\b${named}\\b`));
});

test.each(names.filter((name) => checks.get(name)!.differentiable))(
  'the other outputs of %s are refused by name',
  (name) => {
    const check = checks.get(name)!;
    const { call, cases, outputs, differentiable } = check;
    const { inputs, options } = evaluate(check, cases[0]!);
    recorded(inputs, (operands) => {
      const results = call!(operands, options);
      for (const output of outputs.filter((each) => !differentiable!.includes(each)))
        expect(refusalOf(results[output]!, floatsOf(operands))).toContain(`'${output}' of ${name}`);
    });
  },
);
