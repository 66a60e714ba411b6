/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What holds memory on a device. It gives the memory back by `dispose()`, at the end of a block that begins with
 * `using`, or, where the program has forgotten it, when JavaScript collects it, at a time that is not known.
 */

/** `Symbol.dispose`, or in runtimes that lack it a symbol of our own, which does no harm. */
export const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? Symbol('Symbol.dispose');

export abstract class Resource implements Disposable {
  /** Gives the memory back; harmless when called twice. */
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

/** To be called when `owner` gives back what it holds. */
export function isFreed(owner: object): void {
  forgotten.unregister(owner);
}
