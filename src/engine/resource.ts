/// <reference lib="esnext.disposable" preserve="true" />
/**
 * An object that holds device memory. `dispose()`, or the end of a `using` block, frees the memory; if the program
 * forgets the object, the garbage collector frees it at some later time.
 */

/** `Symbol.dispose`, or a private symbol in runtimes without it. */
export const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? Symbol('Symbol.dispose');

export abstract class Resource implements Disposable {
  /** Frees the memory. Idempotent. */
  abstract dispose(): void;

  [disposeSymbol](): void {
    this.dispose();
  }
}

const forgotten = new FinalizationRegistry<() => void>((free) => free());

/** Calls `free` when `owner` is collected, so `free` may not refer to it. */
export function freeWhenForgotten(owner: object, free: () => void): void {
  forgotten.register(owner, free, owner);
}

/** Call when `owner` frees its memory explicitly. */
export function isFreed(owner: object): void {
  forgotten.unregister(owner);
}
