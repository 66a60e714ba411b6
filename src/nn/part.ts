/**
 * Parts of the library that many programs do without. A bundle contains one only if it contains a module that provides it: the
 * page's first script, for example, neither trains nor reads arrays.
 */
import { StateError } from '../errors.js';

export interface Part<T> {
  provide(value: T): void;
  /** Undefined if no module of the program provides it. */
  readonly provided: T | undefined;
  /** Throws: StateError if no module of the program provides it. */
  get(): T;
}

/** @param need Begins an error's message: who needs what. @param source What a program must import. */
export function part<T>(need: string, source: string): Part<T> {
  let held: T | undefined;
  return {
    provide: (value) => {
      held = value;
    },
    get provided() {
      return held;
    },
    get: () => {
      if (held === undefined)
        throw new StateError(`${need} needs ${source}, which the program does not import.`);
      return held;
    },
  };
}
