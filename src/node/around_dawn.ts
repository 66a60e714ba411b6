/** The hook around every call in which Dawn may print: the command line keeps its warnings off standard error. */
type Around = <T>(call: () => T) => T;

let around: Around = (call) => call();

export function setAroundDawn(hook: Around): void {
  around = hook;
}

export function aroundDawn<T>(call: () => T): T {
  return around(call);
}
