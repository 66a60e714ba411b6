/**
 * Faults in WebGPU: makes the n-th call of one method fail on the next device that is opened; those that help it to
 * compile are whole. No seam in the product: what `GPUAdapter.prototype.requestDevice` yields is changed, in Node (once a
 * device has been opened there) and in browsers alike.
 */

export interface Fault {
  /** Of any object that belongs to a device, as `createBuffer`, `submit`, `mapAsync`. */
  readonly method: string;
  /** Which call of it, from 1 on. */
  readonly at: number;
  /**
   * `throw`: it throws, or rejects where it returns a promise. `refuse` and `refuse later`: nothing is done, and the device
   * raises an uncaptured error, at once or in a later turn. `lose`: the device goes before the call.
   */
  readonly kind: 'throw' | 'refuse' | 'refuse later' | 'lose';
}

export interface Faults {
  /** How often each method was called so far. */
  readonly calls: ReadonlyMap<string, number>;
  /** Whether the fault was met. */
  readonly isMet: boolean;
  remove(): void;
}

type Method = (this: object, ...args: unknown[]) => unknown;

export function plantFault(fault?: Fault): Faults {
  const prototype = (globalThis as unknown as { GPUAdapter: { prototype: GPUAdapter } }).GPUAdapter.prototype;
  const original = Object.getOwnPropertyDescriptor(prototype, 'requestDevice') as PropertyDescriptor;
  const calls = new Map<string, number>();
  let isMet = false;
  let isOpened = false;
  let isRemoved = false;

  const meets = (method: string): boolean => {
    if (isRemoved) return false;
    const count = (calls.get(method) ?? 0) + 1;
    calls.set(method, count);
    const meets = fault?.method === method && fault.at === count;
    isMet ||= meets;
    return meets;
  };
  const fail = (gpu: GPUDevice, method: string, call: () => unknown): unknown => {
    const failure = new Error(`planted in ${method}`);
    if (fault?.kind === 'lose') {
      gpu.destroy();
      return call();
    }
    if (fault?.kind === 'throw') {
      if (!isAsync.has(method)) throw failure;
      return Promise.reject(failure);
    }
    const event = { preventDefault: () => undefined, error: { message: failure.message } };
    const raise = (): void => void gpu.onuncapturederror?.(event as unknown as GPUUncapturedErrorEvent);
    if (fault?.kind === 'refuse') raise();
    else setTimeout(raise);
    return isVoid.has(method) ? undefined : call();
  };
  const watch = <T extends object>(object: T, gpu: GPUDevice): T => {
    for (const [name, method] of methodsOf(object)) {
      const value = (...args: unknown[]): unknown => {
        const call = (): unknown => method.apply(object, args);
        const result = meets(name) ? fail(gpu, name, call) : call();
        return result instanceof Promise
          ? result.then((made: unknown) => watchGpu(made, gpu))
          : watchGpu(result, gpu);
      };
      Object.defineProperty(object, name, { configurable: true, value });
    }
    return object;
  };
  const watchGpu = (made: unknown, gpu: GPUDevice): unknown =>
    typeof made === 'object' && made !== null && made.constructor.name.startsWith('GPU')
      ? watch(made, gpu)
      : made;

  Object.defineProperty(prototype, 'requestDevice', {
    configurable: true,
    value: async function (this: GPUAdapter, ...args: unknown[]) {
      if (meets('requestDevice')) throw new Error('planted in requestDevice');
      const gpu = (await (original.value as Method).apply(this, args)) as GPUDevice;
      if (isOpened) return gpu;
      isOpened = true;
      watch(gpu.queue, gpu);
      return watch(gpu, gpu);
    },
  });
  return {
    calls,
    get isMet() {
      return isMet;
    },
    remove: () => {
      isRemoved = true;
      Object.defineProperty(prototype, 'requestDevice', original);
    },
  };
}

const isAsync = new Set([
  'requestDevice',
  'createComputePipelineAsync',
  'popErrorScope',
  'getCompilationInfo',
  'mapAsync',
  'onSubmittedWorkDone',
]);
const isVoid = new Set([
  'submit',
  'writeBuffer',
  'copyBufferToBuffer',
  'dispatchWorkgroups',
  'resolveQuerySet',
]);

function methodsOf(object: object): [string, Method][] {
  const found = new Map<string, Method>();
  let prototype: object | null = Object.getPrototypeOf(object) as object;
  while (prototype && prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const isMethod =
        typeof value === 'function' && name !== 'constructor' && !(name in EventTarget.prototype);
      if (isMethod && !found.has(name)) found.set(name, value as Method);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return [...found];
}
