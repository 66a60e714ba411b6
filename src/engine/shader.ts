/**
 * Shaders are WGSL files that are valid with their defaults. Five kinds of line change before compilation:
 *   `const NAME: u32 = 2; //! meaning`     takes the value a variant asks for: shapes, tiles, workgroup sizes;
 *   `const NAME: f32 = 0.9; //! meaning`   becomes a scalar: a number of the caller's, which reaches the kernel as data,
 *                                          so that a new number needs no new pipeline; likewise arrays of f32;
 *   `alias NAME = f32; //! meaning`        takes a type;
 *   `fn epilogue(…) -> f32 { … } //! hook` takes the element-wise ops that the plan fused into this kernel;
 *   `//! include random/pcg4d`             becomes that file, for functions that several shaders share.
 * Bindings are declared once, in WGSL, and parsed from there.
 */
import { assert } from '../errors.js';

export interface Binding {
  readonly index: number;
  readonly name: string;
  readonly access: 'read' | 'read_write' | 'uniform';
}

/** Element-wise ops fused into a kernel: the body of the hook and the extra operands that it reads. */
export interface Epilogue {
  /** Statements that turn `value` (at flat `index`, last-axis `channel`) into the result. */
  readonly body: string;
  /** Extra bindings after those of the shader: operands that the body reads, and intermediate values that it stores. */
  readonly operands: readonly {
    readonly name: string;
    readonly type: string;
    readonly access: Binding['access'];
  }[];
  /** Files of WGSL functions that the body calls; files that the shader already includes are not added again. */
  readonly helpers: readonly string[];
  /** Numbers that the body calls `scalar_0`, `scalar_1`, … */
  readonly scalars: readonly number[];
  /** Expressions that main evaluates once; the body calls them `uniform_0`, `uniform_1`, … */
  readonly uniforms: readonly string[];
}

/** Values for the marked lines of a shader. */
export type Constants = Readonly<Record<string, number | string | readonly number[]>>;

export interface SpecialisedShader {
  readonly label: string;
  readonly code: string;
  /** Storage bindings first, then the uniform buffer of the scalars, if any. */
  readonly bindings: readonly Binding[];
}

/** A specialised shader with the values of its scalars, in the order of the uniform buffer. */
export interface Specialised {
  readonly shader: SpecialisedShader;
  readonly scalars: readonly number[];
}

const registry = new Map<string, string>();

/**
 * Registers shader sources by name, `<op>/<primitive>[_<family>]`. Each module registers the shaders that its dispatches name
 * and those that they include, so a bundle holds only the shaders of the ops it uses. An empty text is ignored: a build
 * may leave a text out and register it later.
 */
export function registerShaders(sources: Readonly<Record<string, string>>): void {
  for (const [name, source] of Object.entries(sources)) if (source !== '') registry.set(name, source);
}

export function shaderSource(name: string): string {
  const source = registry.get(name);
  assert(source !== undefined, `the shader ${name} is registered by the module that dispatches it`);
  return source;
}

const specLine = /^(const|alias)\s+(\w+)\s*(:\s*\w+(?:<[\w, ]+>)?)?\s*=\s*[^;]+;(\s*\/\/!.*)$/gm;
const bindingLine = /@group\(0\)\s*@binding\((\d+)\)\s*var<storage,\s*(read|read_write)>\s*(\w+)\s*:/g;
const includeLine = /^\/\/! include (\S+)\s*$/gm;
const mainHead = /^fn main\([^{]*\{/m;
const hookLine = /^fn epilogue\(.*\/\/! hook\s*$/m;

/** The shader `name` with its marked lines replaced; every constant given must exist, and none may be left over. */
export function specialise(name: string, constants: Constants, epilogue?: Epilogue): Specialised {
  const pending = new Set(Object.keys(constants));
  const included = new Set<string>();
  const scalars = new Scalars();
  const whole = shaderSource(name).replace(includeLine, (_, file: string) => {
    included.add(shaderSource(file));
    return shaderSource(file);
  });
  let code = whole.replace(
    specLine,
    (line, kind: string, key: string, type: string | undefined, note: string) => {
      const value = constants[key];
      if (value === undefined) return line;
      pending.delete(key);
      if (typeof value !== 'string' && type?.includes('f32')) return scalars.declare(key, value) + note;
      return `${kind} ${key}${type ?? ''} = ${String(value)};${note}`;
    },
  );
  assert(pending.size === 0, `${name} has a marked line for ${[...pending].join(', ')}`);
  const bindings = readBindings(name, code);
  let before = '';
  if (epilogue) {
    assert(hookLine.test(code), `${name} has an epilogue hook`);
    const operands = epilogue.operands.map((operand, i) => {
      const index = bindings.length + i;
      return {
        index,
        name: operand.name,
        access: operand.access,
        text: `@group(0) @binding(${index}) var<storage, ${operand.access}> ${operand.name}: ${operand.type};`,
      };
    });
    const own = epilogue.scalars.map((value, i) => scalars.declare(`scalar_${i}`, value));
    const uniforms = epilogue.uniforms.map((_, i) => `var<private> uniform_${i}: f32;`);
    before = epilogue.uniforms.map((expression, i) => `\n  uniform_${i} = ${expression};`).join('');
    const helpers = epilogue.helpers.filter((helper) => !included.has(helper));
    const hook = `fn epilogue(value: f32, index: u32, channel: u32) -> f32 {\n${epilogue.body}\n}`;
    code = code.replace(hookLine, () =>
      [...operands.map((o) => o.text), ...own, ...uniforms, ...helpers, hook].join('\n'),
    );
    bindings.push(...operands.map(({ index, name: operand, access }) => ({ index, name: operand, access })));
  }
  if (scalars.values.length > 0) {
    const index = bindings.length;
    before = `\n${scalars.load()}${before}`;
    code += scalars.binding(index);
    bindings.push({ index, name: 'scalars', access: 'uniform' });
  }
  if (before) {
    assert(mainHead.test(code), `${name} has a main function`);
    code = code.replace(mainHead, (head) => head + before);
  }
  const isHalf =
    Object.values(constants).includes('f16') || epilogue?.operands.some(({ type }) => type === 'array<f16>');
  if (isHalf) code = `enable f16;\n${code}`;
  return { shader: { label: name, code, bindings }, scalars: scalars.values };
}

/**
 * The same text for WGSL that differs only in comments, white space, the order of its module-scope declarations and
 * constants that nothing uses, so that text can move into an included file.
 */
export function canonicalCode(code: string): string {
  const bare = code
    .replace(/\/\/.*|\/\*[^]*?\*\//g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ ?([^\w ]) ?/g, '$1')
    .trim();
  const declarations: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < bare.length; i++) {
    const character = bare.charAt(i);
    if ('{(['.includes(character)) depth++;
    if ('})]'.includes(character)) depth--;
    if (depth > 0 || !';}'.includes(character)) continue;
    declarations.push(bare.slice(start, i + 1));
    start = i + 1;
  }
  const count = new Map<string, number>();
  for (const [word] of bare.matchAll(/\w+/g)) count.set(word, (count.get(word) ?? 0) + 1);
  const isUnused = (declaration: string): boolean =>
    count.get(/^const (\w+)/.exec(declaration)?.[1] ?? '') === 1;
  return declarations
    .filter((each) => !isUnused(each))
    .sort()
    .join('\n');
}

/**
 * The scalars of a shader: members of one uniform buffer, which main reads once into private variables of the same
 * names, so that loops do not read them again.
 */
class Scalars {
  readonly values: number[] = [];
  readonly #members: string[] = [];
  readonly #loads: string[] = [];

  /** Adds a number or an array of numbers, and returns the line that declares it. */
  declare(name: string, value: number | readonly number[]): string {
    if (typeof value === 'number') {
      this.#add(name, value);
      this.#loads.push(`  ${name} = scalars.${name};`);
      return `var<private> ${name}: f32;`;
    }
    const members = value.map((each, i) => this.#add(`${name}_${i}`, each));
    const type = `array<f32, ${value.length}>`;
    this.#loads.push(`  ${name} = ${type}(${members.map((member) => `scalars.${member}`).join(', ')});`);
    return `var<private> ${name}: ${type};`;
  }

  #add(member: string, value: number): string {
    this.values.push(value);
    this.#members.push(member);
    return member;
  }

  load(): string {
    return this.#loads.join('\n');
  }

  binding(index: number): string {
    const members = this.#members.map((member) => `  ${member}: f32,`).join('\n');
    return `\nstruct Scalars {\n${members}\n}\n@group(0) @binding(${index}) var<uniform> scalars: Scalars;\n`;
  }
}

function readBindings(name: string, code: string): Binding[] {
  const bindings = [...code.matchAll(bindingLine)].map((match) => ({
    index: Number(match[1]),
    name: match[3] as string,
    access: match[2] as Binding['access'],
  }));
  assert(
    bindings.every((binding, i) => binding.index === i),
    `the bindings of ${name} count up from 0`,
  );
  return bindings;
}
