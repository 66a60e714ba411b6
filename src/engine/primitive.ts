/**
 * A primitive is the kind of a node of a program: a named computation from tensors to tensors with fixed shapes.
 * An op (src/kernels) is differentiable and built from one or more primitives: its forward and its gradients.
 * Each primitive has variants, several ways to compute the same thing; a variant says which shaders to
 * dispatch, with which constants, on how many workgroups.
 */

import type { Constants } from './shader.js';

export type DType = 'f32' | 'f16' | 'u32' | 'u8';
export type Shape = readonly number[];

/** Shape and dtype of a tensor. u8 tensors are packed four to a word. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** The kind of device that a variant is made for; `baseline` runs anywhere and is the readable one. */
export type Family = 'baseline' | 'software' | 'gpu';

/** The optional features of WebGPU that are used where an adapter has them. */
export type Feature = 'shader-f16' | 'subgroups' | 'timestamp-query';

/** What a variant may know about the device when it chooses its tiles. */
export interface DeviceTraits {
  /** The family for this adapter. */
  readonly family: Exclude<Family, 'baseline'>;
  readonly features: readonly Feature[];
  /** Size of a subgroup if it is the same for every kernel, otherwise 0 (no subgroup operations). */
  readonly subgroupSize: number;
  readonly maxInvocationsPerWorkgroup: number;
  readonly maxWorkgroupStorageBytes: number;
  /** At most this many workgroups along one dimension of a dispatch (65,535 everywhere so far). */
  readonly maxWorkgroupsPerDimension: number;
}

/** Dtypes by operand; operands left out are f32. */
export type Types<Operand extends string> = { readonly [operand in Operand]?: DType };

/** Plain values that, with the input shapes, determine a primitive completely. Must be valid JSON. */
export type Attributes = Readonly<Record<string, string | number | boolean | readonly number[] | null>>;

export type NoAttributes = Readonly<Record<string, never>>;

/** Input of `Variant.lower`. Operands are found by name. */
export interface PrimitiveContext<I extends string, O extends string, A extends Attributes> {
  readonly inputs: Readonly<Record<I, Spec>>;
  readonly outputs: Readonly<Record<O, Spec>>;
  readonly attributes: A;
  readonly device: DeviceTraits;
}

/** One dispatch of one shader. */
export interface Dispatch {
  /** `<op>/<primitive>[_<family>]`, the shader's path below shaders/ without its ending. */
  readonly shader: string;
  /** Values for the lines `const NAME: TYPE = …; //! …` and `alias NAME = …; //! …` of the shader (shader.ts). */
  readonly constants: Constants;
  /** Shader binding → operand or scratch name, where the two names differ. */
  readonly bindings?: Readonly<Record<string, string>>;
  readonly workgroups: readonly [x: number, y: number, z: number];
}

/** The dispatches of a variant, in order, and the bytes of scratch memory between them. */
export interface Lowering {
  readonly dispatches: readonly Dispatch[];
  readonly scratch?: Readonly<Record<string, number>>;
}

/** What a variant needs of a device. */
export interface Requirements {
  readonly features?: readonly Feature[];
  /** The least value of each. */
  readonly limits?: Partial<
    Pick<DeviceTraits, 'subgroupSize' | 'maxInvocationsPerWorkgroup' | 'maxWorkgroupStorageBytes'>
  >;
}

export interface Variant<I extends string, O extends string, A extends Attributes> {
  /** Unique within its primitive, e.g. `software` or `gpu_64x64`. */
  readonly name: string;
  readonly family: Family;
  /**
   * Whether the last dispatch passes every element of the primitive's first output once through the hook
   * `fn epilogue(value: f32, index: u32, channel: u32) -> f32`, so that element-wise ops can be fused into it.
   */
  readonly hasEpilogue: boolean;
  /** The dtype of the floating-point operands that its shaders read and write. Default: f32. */
  readonly float?: 'f16';
  readonly requires?: Requirements;
  /** Whether it computes these shapes and attributes, on a device that has what it requires. Default: all. */
  supports?(context: PrimitiveContext<I, O, A>): boolean;
  lower(context: PrimitiveContext<I, O, A>): Lowering;
}

/** Floating-point operations and the least bytes moved, for GFLOP/s, GB/s and the roofline. */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
  /** Of convolutions and matrix products, each of them two of the operations. Default 0. */
  readonly multiplyAdds?: number;
}

/**
 * An element-wise primitive is one WGSL expression. It has no shader of its own: the plan fuses it into the kernel
 * that produces its operand, or runs it through `elementwise/map`. Operands broadcast to the output as in NumPy.
 */
export interface Elementwise<I extends string, A extends Attributes> {
  /**
   * The expression, from the WGSL text of each operand's value (of `whole` operands: the binding's name). `scalar`
   * returns the WGSL text that reads a number from the kernel's scalars: written out as a literal, every other number
   * would need another pipeline.
   */
  expression(
    operands: Readonly<Record<I, string>>,
    attributes: A,
    index: string,
    scalar: (value: number) => string,
  ): string;
  /** Operands that the expression indexes itself, instead of reading one element each. */
  readonly whole?: readonly I[];
  /** Whether all elements are equal: each invocation evaluates the expression once. All operands are `whole`. */
  readonly isUniform?: true;
  /** Shader files with functions that the expression calls, e.g. `random/pcg4d`. */
  readonly helpers?: readonly string[];
}

/**
 * A rewrite rule: an output equals the result of another primitive over some of the same operands. For example, the
 * sums of dy that a kernel gradient computes are those of the sum for the bias. If a program needs both, the planner
 * drops the other primitive.
 */
export interface SharedResult<I extends string> {
  readonly primitive: Primitive;
  /** Operand of the other primitive → operand of this one. */
  readonly inputs: Readonly<Record<string, I>>;
  readonly attributes: Attributes;
}

/** A rewrite rule whose operands and attributes the compiler checks against the other primitive. */
export function sharedResult<I extends string, Other extends string, A extends Attributes>(
  primitive: Primitive<Other, string, A>,
  inputs: Readonly<Record<Other, I>>,
  attributes: A,
): SharedResult<I> {
  return { primitive, inputs, attributes };
}

export interface Primitive<
  I extends string = string,
  O extends string = string,
  A extends Attributes = Attributes,
> {
  /** `<op>/<primitive>`, e.g. `conv2d/forward`. */
  readonly name: string;
  readonly inputs: readonly I[];
  readonly outputs: readonly O[];
  /** Attributes that only reach kernels as scalars, so that one plan serves all their values. */
  readonly scalars?: readonly (string & keyof A)[];
  /** Inputs that the primitive changes in place, such as the parameters of an optimizer. */
  readonly mutates?: readonly I[];
  readonly elementwise?: Elementwise<I, A>;
  /** Outputs that replace another primitive, with the rule for each. */
  readonly sharedResults?: Readonly<Partial<Record<O, SharedResult<I>>>>;
  /**
   * The dtypes of all operands that are not f32, given those of the inputs. Recording refuses inputs that differ from
   * them. Default: f32 only.
   */
  types?(inputs: Readonly<Record<I, DType>>, attributes: A): Types<I | O>;
  /** Shapes of the outputs. Throws: ShapeError for inputs that do not fit. */
  shape(inputs: Readonly<Record<I, Spec>>, attributes: A): Readonly<Record<O, Shape>>;
  cost(context: Omit<PrimitiveContext<I, O, A>, 'device'>): Cost;
  /** Best first within a family; at least one is `baseline` and supports every shape. Empty for element-wise primitives. */
  readonly variants: readonly Variant<I, O, A>[];
}

/** What shaders that read or write f16 need. */
export const halfPrecision: Requirements = { features: ['shader-f16'] };

/** `types` of a primitive that has these operands all f16 or all f32, as the first of them is. */
export function oneFloat<Operand extends string>(
  operands: readonly Operand[],
): (inputs: Readonly<Record<string, DType>>) => Types<Operand> {
  const f16 = Object.fromEntries(operands.map((name) => [name, 'f16'])) as Types<Operand>;
  return (inputs) => (inputs[operands[0] as string] === 'f16' ? f16 : {});
}

/** What a device lacks of the requirements, in words. */
export function lackingOf({ features = [], limits = {} }: Requirements, traits: DeviceTraits): string[] {
  const least = Object.entries(limits) as [keyof typeof limits, number][];
  return [
    ...features.filter((name) => !traits.features.includes(name)).map((name) => `the feature ${name}`),
    ...least.filter(([name, value]) => traits[name] < value).map(([name, value]) => `${name} ≥ ${value}`),
  ];
}

/** Whether the shaders of a variant are written for the dtypes of these operands. */
export function takesTypes<I extends string, O extends string, A extends Attributes>(
  { float }: Variant<I, O, A>,
  { inputs, outputs }: Pick<PrimitiveContext<I, O, A>, 'inputs' | 'outputs'>,
): boolean {
  const other = float === 'f16' ? 'f32' : 'f16';
  return [...Object.values<Spec>(inputs), ...Object.values<Spec>(outputs)].every(
    ({ dtype }) => dtype !== other,
  );
}

/** Whether a variant can compute this case on this device. */
export function canRun<I extends string, O extends string, A extends Attributes>(
  variant: Variant<I, O, A>,
  context: PrimitiveContext<I, O, A>,
): boolean {
  return (
    takesTypes(variant, context) &&
    lackingOf(variant.requires ?? {}, context.device).length === 0 &&
    (variant.supports?.(context) ?? true)
  );
}

/** The dtypes of all operands that are not f32, for inputs of these dtypes. */
export function typesOf<I extends string, O extends string, A extends Attributes>(
  primitive: Primitive<I, O, A>,
  inputs: Readonly<Record<I, Spec>>,
  attributes: A,
): Types<I | O> {
  const dtypes = {} as Record<I, DType>;
  for (const name of primitive.inputs) dtypes[name] = inputs[name].dtype;
  return primitive.types?.(dtypes, attributes) ?? {};
}

/**
 * Specs of the outputs, for inputs of the right dtypes.
 *
 * Throws: ShapeError for shapes that do not fit.
 */
export function outputSpecs<I extends string, O extends string, A extends Attributes>(
  primitive: Primitive<I, O, A>,
  inputs: Readonly<Record<I, Spec>>,
  attributes: A,
): Record<O, Spec> {
  const types = typesOf(primitive, inputs, attributes);
  const shapes = primitive.shape(inputs, attributes);
  const specs = {} as Record<O, Spec>;
  for (const name of Object.keys(shapes) as O[])
    specs[name] = { shape: shapes[name], dtype: types[name] ?? 'f32' };
  return specs;
}

export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, f16: 2, u32: 4, u8: 1 };

/** How users call the op of a primitive: `greaterEqual` for `greater_equal/forward`. */
export function publicName(primitive: string): string {
  return (primitive.split('/')[0] as string).replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** `[8,28,28,1] f32`, a tensor in error messages and printouts; f32 is not printed. */
export function describe(spec: Spec): string {
  return `[${spec.shape.join(',')}]${spec.dtype === 'f32' ? '' : ` ${spec.dtype}`}`;
}

/** Bytes of storage for a tensor, rounded up so that shaders can read it as vec4. */
export function storageBytes(spec: Spec): number {
  return Math.max(16, Math.ceil((sizeOf(spec.shape) * bytesPerElement[spec.dtype]) / 16) * 16);
}
