/**
 * Shaders are real WGSL files, valid with their defaults. Before compiling, four kinds of line change:
 *   `const NAME: u32 = 2; //! meaning`     takes the value a variant asks for: shapes, tiles, workgroup sizes;
 *   `alias NAME = f32; //! meaning`        takes a type;
 *   `fn epilogue(…) -> f32 { … } //! hook` takes the element-wise ops that the plan fused into this kernel;
 *   `//! include random/pcg4d`             becomes that file, for functions that several shaders share.
 * Bindings are declared once, in WGSL, and read from there.
 */
import { assert } from '../errors.js';

export interface Binding {
  readonly index: number;
  readonly name: string;
  readonly access: 'read' | 'read_write';
}

/** Element-wise work fused into a kernel: the hook's new text, and the extra operands it reads. */
export interface Epilogue {
  /** Statements that turn `value` (at flat `index`, last-axis `channel`) into the result. */
  readonly body: string;
  /** Extra bindings, appended after the shader's own: what the body reads, and values on the way that it stores. */
  readonly operands: readonly {
    readonly name: string;
    readonly type: string;
    readonly access: Binding['access'];
  }[];
  /** WGSL functions that the body calls, whole files each; those that the shader includes itself are left out. */
  readonly helpers: readonly string[];
}

export interface SpecialisedShader {
  readonly label: string;
  readonly code: string;
  readonly bindings: readonly Binding[];
}

const registry = new Map<string, string>();

/** Makes shader sources known by name, `<op>/<pass>[_<family>]`. */
export function registerShaders(sources: Readonly<Record<string, string>>): void {
  for (const [name, source] of Object.entries(sources)) registry.set(name, source);
}

export function shaderSource(name: string): string {
  const source = registry.get(name);
  assert(source !== undefined, `the shader ${name} exists below shaders/`);
  return source;
}

const specLine = /^(const|alias)\s+(\w+)\s*(:\s*\w+)?\s*=\s*[^;]+;(\s*\/\/!.*)$/gm;
const bindingLine = /@group\(0\)\s*@binding\((\d+)\)\s*var<storage,\s*(read|read_write)>\s*(\w+)\s*:/g;
const includeLine = /^\/\/! include (\S+)\s*$/gm;
const hookLine = /^fn epilogue\(.*\/\/! hook\s*$/m;

/** The shader `name` with its marked lines replaced; every constant given must exist, and none may be left over. */
export function specialise(
  name: string,
  constants: Readonly<Record<string, number | string>>,
  epilogue?: Epilogue,
): SpecialisedShader {
  const pending = new Set(Object.keys(constants));
  const included = new Set<string>();
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
      return `${kind} ${key}${type ?? ''} = ${literal(value, type)};${note}`;
    },
  );
  assert(pending.size === 0, `${name} has a marked line for ${[...pending].join(', ')}`);
  const bindings = readBindings(name, code);
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
    const helpers = epilogue.helpers.filter((helper) => !included.has(helper));
    const hook = `fn epilogue(value: f32, index: u32, channel: u32) -> f32 {\n${epilogue.body}\n}`;
    code = code.replace(hookLine, () => [...operands.map((o) => o.text), ...helpers, hook].join('\n'));
    bindings.push(...operands.map(({ index, name: operand, access }) => ({ index, name: operand, access })));
  }
  return { label: name, code, bindings };
}

function literal(value: number | string, type: string | undefined): string {
  if (typeof value === 'string') return value;
  if (type?.includes('f32')) return Number.isInteger(value) ? `${value}.0` : `${value}`;
  return `${value}`;
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
