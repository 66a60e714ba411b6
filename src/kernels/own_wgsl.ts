/** Reads the WGSL of a user's own ops. */
import { UsageError } from '../errors.js';
import { hintFor } from '../option_hints.js';

/** Functions of numbers that WGSL has, and types that convert them. */
const builtIn = new Set(
  (
    'abs acos acosh asin asinh atan atan2 atanh bitcast bool ceil clamp cos cosh degrees exp exp2 f32 false floor fma fract i32 ' +
    'inverseSqrt ldexp log log2 max min mix pow radians round saturate select sign sin sinh smoothstep sqrt step tan tanh true ' +
    // Of shaders/floats/non_finite.wgsl, since those of WGSL may lose a NaN.
    'trunc u32 clamp_of infinity is_finite is_nan max_of nan'
  ).split(' '),
);

/** Words, with what stands before them; numbers such as 1e5f are no words. */
const tokens = /(\.\s*)?\b([A-Za-z_]\w*)\b|\b\d[\w.]*(?:(?<=[eE])[+-]\d+)?/g;

/**
 * An expression as a function of the texts that stand for the names in it.
 *
 * Throws: UsageError for statements, open brackets, and names that are neither known nor functions of WGSL.
 */
export function readExpression(
  who: string,
  expression: string,
  { known, functions }: { readonly known: readonly string[]; readonly functions: readonly string[] },
): (textOf: (name: string) => string) => string {
  if (/[;{}]|\/\/|\/\*/.test(expression))
    throw new UsageError(
      `defineOp: ${who}: expression is '${expression}', expected one WGSL expression without statements and comments; put more into 'functions'.`,
    );
  let depth = 0;
  for (const character of expression) {
    depth += Number(character === '(') - Number(character === ')');
    if (depth < 0) break;
  }
  if (depth !== 0)
    throw new UsageError(`defineOp: ${who}: expression is '${expression}', whose brackets do not match.`);
  for (const [, member, name] of expression.matchAll(tokens)) {
    if (name === undefined || member !== undefined) continue;
    if (known.includes(name) || functions.includes(name) || builtIn.has(name)) continue;
    const hint = hintFor(name, [...known, ...functions, ...builtIn]);
    throw new UsageError(
      `defineOp: ${who}: expression has '${name}', which is neither an input, an option, one of its functions nor a function of WGSL${hint ? `; ${hint}` : '.'}`,
    );
  }
  for (const name of known)
    if (![...expression.matchAll(tokens)].some(([, member, word]) => member === undefined && word === name))
      throw new UsageError(`defineOp: ${who}: expression does not use '${name}'; use it or leave it out.`);
  return (textOf) =>
    `(${expression.replace(tokens, (whole, member: string | undefined, name: string | undefined) =>
      name !== undefined && member === undefined && known.includes(name) ? `(${textOf(name)})` : whole,
    )})`;
}

export interface OwnFunctions {
  readonly text: string;
  /** After renaming. */
  readonly names: readonly string[];
  /** Other text with the new names. */
  rename(text: string): string;
}

/**
 * Functions and constants with a prefix before their names, so that those of two ops may meet in a kernel.
 *
 * Throws: UsageError for a binding, a variable or an entry point.
 */
export function prefixed(who: string, functions: string, prefix: string): OwnFunctions {
  const forbidden = /@group|@compute|\bvar\s*<|\/\/!/.exec(functions)?.[0];
  if (forbidden !== undefined)
    throw new UsageError(
      `defineOp: ${who}: functions has '${forbidden}', expected functions and constants only.`,
    );
  const words = [...functions.matchAll(/(?:^|[\s;}])(?:fn|const)\s+(\w+)/g)].map(([, name]) => name!);
  const declared = words.filter((name) =>
    new RegExp(`(?:^|[\\s;}])fn\\s+${name}\\b|^const\\s+${name}\\b`, 'm').test(functions),
  );
  const rename = (text: string): string =>
    text.replace(tokens, (whole, member: string | undefined, name: string | undefined) =>
      name !== undefined && member === undefined && declared.includes(name) ? `${prefix}${name}` : whole,
    );
  return { text: rename(functions), names: declared.map((name) => prefix + name), rename };
}

export interface OwnShader {
  /** As src/engine/shader.ts reads it. */
  readonly text: string;
  /** Names of its constants. */
  readonly constants: readonly string[];
  readonly hasEpilogue: boolean;
}

const binding = /@group\(0\)\s*@binding\((\d+)\)\s*var<storage(?:,\s*(read|read_write))?>\s*(\w+)\s*:/g;

/**
 * A shader with its module-level lines at the left margin, and its constants marked.
 *
 * Throws: UsageError without `main`, or for bindings that are not those of the operands.
 */
export function readShader(
  who: string,
  shader: string,
  { inputs, outputs }: { readonly inputs: readonly string[]; readonly outputs: readonly string[] },
): OwnShader {
  if (/^\s*\/\/! include/m.test(shader))
    throw new UsageError(
      `defineOp: ${who}: the shader includes a file; write its functions into the shader.`,
    );
  const constants: string[] = [];
  let depth = 0;
  const lines = shader
    .replace(/\bfn\s+main\s*\(/, '\nfn main(')
    .split('\n')
    .map((line) => {
      const isOutside = depth === 0;
      const code = line.replace(/\/\/.*/, '');
      depth += code.split('{').length - code.split('}').length;
      if (!isOutside) return line;
      const constant = /^\s*const\s+(\w+)\s*:\s*\w+\s*=\s*[^;]+;/.exec(line);
      if (!constant) return line.trimStart();
      constants.push(constant[1]!);
      return line.includes('//!') ? line.trimStart() : `${constant[0].trim()} //! of constants`;
    });
  const text = lines.join('\n');
  if (!/^fn main\(/m.test(text))
    throw new UsageError(
      `defineOp: ${who}: the shader has no function 'main', expected an entry point of that name.`,
    );
  const found = [...text.matchAll(binding)].map(([, index, access = 'read', name]) => ({
    index: Number(index),
    access,
    name: name!,
  }));
  if ((text.match(/@binding\(/g) ?? []).length !== found.length)
    throw new UsageError(
      `defineOp: ${who}: the shader has a binding that is not storage of group 0; pass numbers by 'constants'.`,
    );
  for (const [names, access] of [
    [inputs, 'read'],
    [outputs, 'read_write'],
  ] as const)
    for (const name of names)
      if (!found.some((each) => each.name === name && each.access === access))
        throw new UsageError(
          `defineOp: ${who}: the shader has no binding of '${name}', expected '@group(0) @binding(…) var<storage, ${access}> ${name}: array<f32>;'.`,
        );
  const odd = found.find(
    ({ name }, i) =>
      ![...inputs, ...outputs].includes(name) || found.findIndex((each) => each.name === name) < i,
  );
  if (odd)
    throw new UsageError(
      `defineOp: ${who}: the shader binds '${odd.name}', expected each of ${[...inputs, ...outputs].join(', ')} once.`,
    );
  if (found.some(({ index }, i) => index !== i))
    throw new UsageError(
      `defineOp: ${who}: the bindings of the shader do not count up from 0 in their order.`,
    );
  return { text, constants, hasEpilogue: /^fn epilogue\(.*\/\/! hook\s*$/m.test(text) };
}
