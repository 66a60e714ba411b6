/** Ops of a user's own, by `defineOp` of the library: one WGSL expression, or a shader, and a backward rule. */
import { checkCall } from '../calls.js';
import { type Op, apply } from '../engine/op.js';
import type { Attributes, DType, NoAttributes, Primitive, Shape, Spec } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { Tensor, checkTensors, describe } from '../engine/tensor.js';
import { mapRecord } from '../engine/trace.js';
import { DeviceError, ShapeError, UsageError } from '../errors.js';
import { hintFor } from '../option_hints.js';
import { type Rule, checkOptions, fn, list, required, rule, shown, wrong } from '../options.js';
import { filledLike } from './arithmetic.js';
import { elementwisePrimitive, nonFinite } from './elementwise.js';
import { checkFinite } from './elementwise_op.js';
import { baselineVariant, bytesTouched } from './grid.js';
import { sumTo } from './sum.js';
import { prefixed, readExpression, readShader } from './own_wgsl.js';

/** Options of a custom op, with their defaults. */
export type OwnOpOptions = Readonly<Record<string, number | boolean | string | readonly number[]>>;

/** What a backward rule knows of a call. `gradients` are those of the loss by the outputs; undefined if it does not depend on one. */
export interface OwnBackward<Input extends string, Output extends string, Options> {
  readonly inputs: Readonly<Record<Input, Tensor>>;
  readonly outputs: Readonly<Record<Output, Tensor>>;
  readonly gradients: Readonly<Record<Output, Tensor>>;
  readonly options: Options;
}

/**
 * The gradients of the loss by the inputs, in the shapes of the inputs; null where they are 0. Made of ops, they have derivatives of
 * their own, to any order. A function is called only if its gradient is needed.
 */
export type OwnGradients<Input extends string> = Readonly<Record<Input, Tensor | (() => Tensor) | null>>;

interface OwnOpDefinition<
  Inputs extends readonly string[],
  Output extends string,
  Options extends OwnOpOptions,
> {
  /** Names the op in messages and printed plans: letters, digits and `_`. */
  readonly name: string;
  /** The operands, in the order of the call. */
  readonly inputs: Inputs;
  /** Names and defaults of the options, which a call may pass after the operands. */
  readonly options?: Options;
  /** Left out: `grad` refuses to differentiate through the op. */
  backward?(context: OwnBackward<Inputs[number], Output, Options>): OwnGradients<Inputs[number]>;
}

/** An op that computes each element from the elements at the same place. */
export interface ElementwiseOpDefinition<
  Inputs extends readonly string[] = readonly string[],
  Options extends Readonly<Record<string, number>> = Readonly<Record<string, number>>,
> extends OwnOpDefinition<Inputs, 'y', Options> {
  /** A WGSL expression of f32, in which the names of inputs and options stand for their values: `'x / (1 + exp(-gain * x))'`. */
  readonly expression: string;
  /** WGSL functions that the expression calls. */
  readonly functions?: string;
}

/** Shapes of the operands and, for `workgroups` and `constants`, of the outputs, by name. */
type Shapes<Name extends string> = Readonly<Record<Name, Shape>>;

/** An op with a shader. */
export interface ShaderOpDefinition<
  Inputs extends readonly string[] = readonly string[],
  Outputs extends readonly string[] = readonly string[],
  Options extends OwnOpOptions = OwnOpOptions,
> extends OwnOpDefinition<Inputs, Outputs[number], Options> {
  /** Names of the results. Default: `['y']`. With more than one the op returns an object. */
  readonly outputs?: Outputs;
  /** Types of operands that are not f32: `{ index: 'u32' }`. */
  readonly dtypes?: Readonly<Partial<Record<Inputs[number] | Outputs[number], 'u32'>>>;
  /** The shape of the result, or an object with that of each. */
  outputShape(shapes: Shapes<Inputs[number]>, options: Options): Shape | Shapes<Outputs[number]>;
  /**
   * WGSL with an entry point `main`. Each operand has a binding of its name in group 0, counted from 0: inputs
   * `var<storage, read>`, outputs `var<storage, read_write>`.
   */
  readonly shader: string;
  /** Values for lines `const NAME: u32 = 1;` of the shader. Those of `const NAME: f32` reach it as data, without another compilation. */
  constants?(
    shapes: Shapes<Inputs[number] | Outputs[number]>,
    options: Options,
  ): Readonly<Record<string, number>>;
  /** How many workgroups to dispatch, at most 65,535 in each direction on most devices. */
  workgroups(
    shapes: Shapes<Inputs[number] | Outputs[number]>,
    options: Options,
  ): number | readonly [x: number, y: number, z: number];
}

type Operands<Inputs extends readonly string[]> = { readonly [K in keyof Inputs]: Tensor };

/** The operands, in order, then the options if there are any. */
type Call<Inputs extends readonly string[], Options> = string extends keyof Options
  ? [...operands: Operands<Inputs>]
  : [...operands: Operands<Inputs>, options?: Partial<Options>];

/** With one result it is a tensor. */
type Result<Outputs extends readonly string[]> = Outputs extends readonly [string]
  ? Tensor
  : Readonly<Record<Outputs[number], Tensor>>;

/** Definitions share a process, so that each op has its own plans and functions, even two of one name. */
let count = 0;

const word = /^[A-Za-z][A-Za-z0-9_]*$/;
const nameRule = rule('a name of letters, digits and _', (value) => word.test(String(value)));
const namesRule = (): Rule => list('a list of names', nameRule);

const sharedRules = () => ({
  name: required(nameRule),
  inputs: required(namesRule()),
  options: rule('an object with the defaults of the options', (value) => typeof value === 'object'),
  backward: fn,
});

const text = rule('WGSL', (value) => typeof value === 'string' && value.trim() !== '');

/**
 * Defines an op: a function of tensors that runs on the device, alone or recorded in programs and layers.
 *
 *   const swish = defineOp({
 *     name: 'swish',
 *     inputs: ['x', 'gain'],
 *     expression: 'x / (1 + exp(-gain * x))',
 *     backward: ({ inputs: { x, gain }, outputs: { y }, gradients: { y: dy } }) => …,
 *   });
 *   const y = swish(x, gain);
 *
 * With `expression`, operands broadcast as in NumPy, all f32 or all f16, and the planner fuses it into the kernel before it; gradients
 * of a broadcast operand are summed. With `shader`, `outputShape` gives the shape of the result and `workgroups` the dispatch. Check
 * the rule with `gradcheck`.
 *
 * Throws: UsageError for a definition that is not whole, or names in the WGSL that it does not explain. The op throws ShapeError
 * for operands, or gradients of the rule, of other shapes; DeviceError for WGSL that the device refuses.
 */
export function defineOp<
  const Inputs extends readonly string[],
  Options extends Readonly<Record<string, number>> = NoAttributes,
>(definition: ElementwiseOpDefinition<Inputs, Options>): (...call: Call<Inputs, Options>) => Tensor;
export function defineOp<
  const Inputs extends readonly string[],
  const Outputs extends readonly string[] = readonly ['y'],
  Options extends OwnOpOptions = NoAttributes,
>(
  definition: ShaderOpDefinition<Inputs, Outputs, Options>,
): (...call: Call<Inputs, Options>) => Result<Outputs>;
export function defineOp(given: object): OwnFunction {
  const definition = given as ElementwiseOpDefinition | ShaderOpDefinition;
  const id = ++count;
  if ('shader' in definition) {
    checkCall('defineOp', definition, () => ({
      ...sharedRules(),
      shader: required(text),
      outputs: namesRule(),
      dtypes: rule("an object such as { index: 'u32' }", (value) =>
        Object.values(Object(value) as object).every((each) => each === 'u32'),
      ),
      outputShape: required(fn),
      constants: fn,
      workgroups: required(fn),
    }));
    return callable(definition, shaderOp(definition, id), id);
  }
  checkCall('defineOp', definition, () => ({
    ...sharedRules(),
    expression: required(text),
    functions: text,
  }));
  return callable(definition, elementwiseOp(definition, id), id);
}

/** What users call, without the types of its operands. */
type OwnFunction = (...call: never[]) => unknown;

/** The definition's number is an attribute of each call, since two ops may have one name. */
const number = '#';

const optionsOf = ({ [number]: _, ...options }: Attributes): OwnOpOptions => options as OwnOpOptions;

interface Recorded {
  readonly primitive: Primitive;
  readonly outputs: readonly string[];
  /** The gradient of an operand of this shape. Throws: ShapeError. */
  gradient(found: Tensor, operand: Tensor, name: string): Tensor;
}

type Shared = Pick<
  OwnOpDefinition<readonly string[], string, OwnOpOptions>,
  'name' | 'inputs' | 'options' | 'backward'
>;

/** The function that users call. */
function callable(
  definition: Shared,
  { primitive, outputs, gradient }: Recorded,
  id: number,
): (...call: unknown[]) => Tensor | Readonly<Record<string, Tensor>> {
  const { name, inputs, options: defaults = {}, backward } = definition;
  const op: Op = {
    name,
    primitives: [primitive],
    scalars: primitive.scalars ?? [],
    nonDifferentiable: Object.fromEntries(
      outputs.flatMap((output) => (dtypesOf(definition)[output] ? [[output, inputs]] : [])),
    ),
    forward: (tensors, attributes) => runPrimitive(primitive, tensors, attributes),
    backward: ({ inputs: tensors, outputs: results, gradients, attributes }) => {
      const filled = mapRecord(results, (result, output) => gradients[output] ?? filledLike(result, 0));
      const found: unknown = backward!({
        inputs: tensors,
        outputs: results,
        gradients: filled,
        options: optionsOf(attributes),
      });
      return mapRecord(tensors, (operand, input) => {
        const own = (found as Readonly<Record<string, unknown>> | undefined)?.[input];
        if (own === null || operand.dtype === 'u32') return null;
        if (own === undefined)
          throw new UsageError(`${name}: backward gave no gradient of ${input}; return null if it is 0.`);
        return () => {
          const made: unknown = typeof own === 'function' ? (own as () => unknown)() : own;
          if (!(made instanceof Tensor))
            throw wrong(name, `backward: the gradient of ${input}`, made, 'a tensor');
          return gradient(made, operand, input);
        };
      });
    },
  };
  const rules = mapRecord(defaults, optionRule);
  const names = [...inputs, ...(Object.keys(defaults).length > 0 ? ['options'] : [])];
  return (...call) => {
    const [given = {}, ...others] = call.slice(inputs.length);
    if (others.length > 0)
      throw new UsageError(`${name}: ${call.length} arguments, expected ${names.join(', ')}.`);
    checkOptions(name, given as object, rules as never);
    const tensors = Object.fromEntries(inputs.map((input, i) => [input, call[i] as Tensor]));
    checkTensors(name, tensors);
    const attributes = { ...defaults, ...(given as Attributes), [number]: id };
    // Without a rule, `grad` must find a gap.
    const results = backward ? apply(op, tensors, attributes) : runPrimitive(primitive, tensors, attributes);
    return outputs.length === 1 ? results[outputs[0]!]! : results;
  };
}

const dtypesOf = (definition: object): Readonly<Record<string, DType | undefined>> =>
  (definition as Partial<ShaderOpDefinition>).dtypes ?? {};

/** An option is of the type of its default. */
function optionRule(initial: OwnOpOptions[string]): Rule {
  if (typeof initial === 'number')
    return rule(
      'a finite number',
      (value) => typeof value === 'number' && Number.isFinite(Math.fround(value)),
    );
  if (typeof initial === 'object')
    return rule('a list of numbers', (value) => Array.isArray(value) && value.every(Number.isFinite));
  return rule(`a ${typeof initial}`, (value) => typeof value === typeof initial);
}

function elementwiseOp(definition: ElementwiseOpDefinition, id: number): Recorded {
  const { name, inputs, options = {}, expression, functions = '' } = definition;
  checkNames(definition, ['y']);
  const scalars = Object.keys(options);
  const prefix = `${name}_${id}_`;
  // Functions of several ops may be fused into one kernel.
  const own = prefixed(name, functions, prefix);
  const read = readExpression(name, own.rename(expression), {
    known: [...inputs, ...scalars],
    functions: own.names,
  });
  const helper = `${name}/${prefix}functions`;
  if (own.names.length > 0) registerShaders({ [helper]: own.text });
  return {
    primitive: {
      ...elementwisePrimitive<string, Attributes>(`${name}/own`, inputs, {
        helpers: [...nonFinite, ...(own.names.length > 0 ? [helper] : [])],
        // The comment is in the lines that a compiler quotes; a condition becomes 1 or 0.
        expression: (operands, attributes, _, scalar) =>
          `f32(/* ${name} */ ${read((found) => operands[found] ?? scalar(attributes[found] as number))})`,
      }),
      scalars,
    },
    outputs: ['y'],
    gradient: (found, operand, input) => {
      const isSame = found.shape.join() === operand.shape.join();
      const lead = found.shape.length - operand.shape.length;
      const isBroadcast = operand.shape.every(
        (extent, i) => extent === 1 || extent === found.shape[lead + i],
      );
      if (found.dtype !== operand.dtype || !(isSame || (lead >= 0 && isBroadcast)))
        throw new ShapeError(
          `${name}: backward gave ${describe(found)} as the gradient of ${input}, expected ${describe(operand)}, or the shape of the result.`,
        );
      return sumTo(found, operand.shape);
    },
  };
}

function shaderOp(definition: ShaderOpDefinition, id: number): Recorded {
  const { name, inputs, outputs = ['y'], dtypes = {}, constants, workgroups, outputShape } = definition;
  checkNames(definition, outputs);
  const file = `${name}/own_${id}`;
  const {
    text: wgsl,
    constants: known,
    hasEpilogue,
  } = readShader(name, definition.shader, { inputs, outputs });
  registerShaders({ [file]: wgsl });
  const shapesOf = (specs: Readonly<Record<string, Spec>>): Shapes<string> =>
    mapRecord(specs, ({ shape }) => shape);
  const primitive: Primitive = {
    name: `${name}/own`,
    inputs,
    outputs,
    types: () => dtypes,
    shape: (specs, options) => {
      const shapes: unknown = outputShape(shapesOf(specs), optionsOf(options));
      const byName =
        Array.isArray(shapes) && outputs.length === 1 ? { [outputs[0]!]: shapes as Shape } : shapes;
      return mapRecord(Object.fromEntries(outputs.map((output) => [output, output])), (output) => {
        const shape = (byName as Readonly<Record<string, unknown>> | undefined)?.[output];
        if (Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent > 0))
          return shape as Shape;
        throw new ShapeError(
          `${name}: outputShape gave ${shown(shape)} for ${output}, expected a list of positive integers.`,
        );
      });
    },
    cost: (context) => ({ flops: 0, bytes: bytesTouched(context) }),
    variants: [
      baselineVariant(
        ({ inputs: from, outputs: to, attributes, device }) => {
          const shapes = shapesOf({ ...from, ...to });
          const values = constants?.(shapes, optionsOf(attributes)) ?? {};
          for (const [constant, value] of Object.entries(values)) {
            const hint = hintFor(constant, known);
            if (!known.includes(constant))
              throw new UsageError(
                `${name}: constants has '${constant}', but the shader has no line 'const ${constant}: u32 = 1;'${hint ? `; ${hint}` : '.'}`,
              );
            checkFinite(`${name}: constants.${constant}`, value);
          }
          const groups = [workgroups(shapes, optionsOf(attributes))].flat();
          const [x = 0, y = 1, z = 1] = groups;
          if (groups.length > 3 || ![x, y, z].every((each) => Number.isSafeInteger(each) && each > 0))
            throw wrong(name, 'workgroups', groups, 'a positive integer, or three of them');
          if (Math.max(x, y, z) > device.maxWorkgroupsPerDimension)
            throw new DeviceError(
              `${name}: ${Math.max(x, y, z)} workgroups in one direction, expected at most ${device.maxWorkgroupsPerDimension}; spread them over x, y and z.`,
              { problem: 'limit' },
            );
          return { dispatches: [{ shader: file, constants: values, workgroups: [x, y, z] }] };
        },
        { hasEpilogue },
      ),
    ],
  };
  return {
    primitive,
    outputs,
    gradient: (found, operand, input) => {
      const isSame = found.shape.join() === operand.shape.join();
      if (!isSame || found.dtype !== operand.dtype)
        throw new ShapeError(
          `${name}: backward gave ${describe(found)} as the gradient of ${input}, expected ${describe(operand)}.`,
        );
      return found;
    },
  };
}

/** Throws: UsageError for names that occur twice, or that WGSL does not allow. */
function checkNames({ name, inputs, options = {} }: Shared, outputs: readonly string[]): void {
  const all = [...inputs, ...Object.keys(options), ...outputs];
  if (inputs.length === 0) throw wrong(`defineOp: ${name}`, 'inputs', inputs, 'one or more names');
  const odd = all.find((each) => !word.test(each));
  if (odd !== undefined) throw wrong(`defineOp: ${name}`, 'a name', odd, 'letters, digits and _');
  const twice = all.find((each, i) => all.indexOf(each) < i);
  if (twice !== undefined)
    throw new UsageError(
      `defineOp: ${name}: the name '${twice}' occurs twice among inputs, options and results; rename one.`,
    );
}
