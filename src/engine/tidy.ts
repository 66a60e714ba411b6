/** `tidy` frees the tensors that a function makes on its way; `keep` takes one out. */
import { UsageError } from '../errors.js';
import type { Resource } from './resource.js';

/** What each tidy that runs has to free, innermost last; undefined while nothing is to be noted. */
const stack: (Set<Resource> | undefined)[] = [];

/** Notes what was made, for the tidy around it. */
export function track(resource: Resource): void {
  stack.at(-1)?.add(resource);
}

/** Runs `fn`; no tidy frees what it makes: a program that is recorded, or a model, needs it later. */
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
 * Runs `fn` and frees every tensor made meanwhile but those in what it returns: a tensor, or arrays, records, maps and
 * sets of them, nested as you like. They belong to the tidy around this one, if any, else to the caller. What was made
 * before, what `keep` takes out, and the weights of a model stay. When `fn` throws, all are freed.
 *
 *   const y = tidy(() => relu(add(matmul(x, w), b)));
 *
 * Throws: UsageError when `fn` is asynchronous: it would go on after its tensors are freed; whatever `fn` throws.
 */
export function tidy<T>(fn: () => T): T {
  // What a program that is being recorded makes is its own.
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
  // It fails for want of its tensors, which the error below says.
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

/** Everything in a structure, itself included. */
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

/** Takes a tensor out of every tidy that runs: it stays until it is disposed. Returns it. */
export function keep<T extends Resource>(resource: T): T {
  for (const made of stack) made?.delete(resource);
  return resource;
}
