/** `tidy` frees the tensors that a function creates; `keep` exempts one. */
import { UsageError } from '../errors.js';
import type { Resource } from './resource.js';

/** The tensors that each running tidy has to free, innermost last; undefined while tracking is off. */
const stack: (Set<Resource> | undefined)[] = [];

/** Records a new tensor for the innermost tidy. */
export function track(resource: Resource): void {
  stack.at(-1)?.add(resource);
}

/** Runs `fn` without tracking: recorded programs and models need their tensors later. */
export function outsideTidy<T>(fn: () => T): T {
  return inScope(undefined, fn);
}

function inScope<T>(scope: Set<Resource> | undefined, fn: () => T): T {
  stack.push(scope);
  try {
    return fn();
  } finally {
    stack.pop();
  }
}

/**
 * Runs `fn` and frees every tensor created meanwhile, except those in the value that it returns: a tensor, or
 * arrays, records, maps and sets of tensors, with any nesting. Returned tensors belong to the enclosing tidy, if any,
 * otherwise to the caller. Tensors created before, tensors exempted with `keep`, and the weights of models stay. If
 * `fn` throws, all created tensors are freed.
 *
 *   const y = tidy(() => relu(add(matmul(x, w), b)));
 *
 * Throws: UsageError when `fn` is asynchronous, since it would continue after its tensors are freed; whatever `fn` throws.
 */
export function tidy<T>(fn: () => T): T {
  // Tensors created while a program is recorded belong to the program.
  if (stack.length > 0 && stack.at(-1) === undefined) return refusePromise(fn());
  const made = new Set<Resource>();
  try {
    const result = refusePromise(inScope(made, fn));
    for (const part of within(result)) if (made.delete(part as Resource)) track(part as Resource);
    return result;
  } finally {
    for (const resource of made) resource.dispose();
  }
}

function refusePromise<T>(result: T): T {
  if (!isThenable(result)) return result;
  // It would fail because its tensors are freed; the error below says why.
  void Promise.resolve(result).catch(() => undefined);
  throw new UsageError(
    'tidy: the function returned a promise, expected tensors: tidy frees what was made as soon as the function returns. Await outside of it, and in asynchronous code write `using` or call dispose().',
  );
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/** All values in a structure, including the structure itself. */
function* within(value: unknown, seen = new Set<object>()): Generator<object> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  yield value;
  const isList = Array.isArray(value) || value instanceof Set;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isRecord = prototype === Object.prototype || prototype === null;
  const parts = isList || value instanceof Map ? value.values() : isRecord ? Object.values(value) : [];
  for (const part of parts) yield* within(part, seen);
}

/** Exempts a tensor from all running tidies: it lives until it is disposed. Returns the tensor. */
export function keep<T extends Resource>(resource: T): T {
  for (const made of stack) made?.delete(resource);
  return resource;
}
