/**
 * A browser's `navigator.gpu` for libraries made for browsers, through Dawn, waited for as shadegrad does.
 *
 * While a WebGPU promise is pending, Dawn's binding asks the device for news in every turn of the event loop, without
 * a pause, and takes a core from a device that is itself the processor. Here each such turn sleeps 0.3 ms. With
 * PEERS_IMPATIENT=1 it does not: for measuring what that gains.
 */
import process from 'node:process';
import { create, globals } from 'webgpu';

/** Kept: when this object is collected, Node crashes. @type {GPU[]} */
const kept = [];

/**
 * To be called before the library is loaded.
 * @param {string} [device] a part of the adapter's name
 * @returns {Promise<string>} the adapter's name
 */
export async function openGpu(device) {
  Object.assign(globalThis, globals);
  const gpu = create(device === undefined ? [] : [`adapter=${device}`]);
  kept.push(gpu);
  const scope = /** @type {any} */ (globalThis);
  // Node 21 and later have a navigator of their own, which cannot be assigned to.
  Object.defineProperty(scope, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  scope.window = scope.self = scope;
  if (process.env['PEERS_IMPATIENT'] !== '1') beg(scope);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('Dawn lists no adapter');
  return adapter.info.device || adapter.info.description;
}

/** Every promise that waits for the device, awaited with naps. @param {any} scope */
function beg(scope) {
  for (const [type, method] of [
    ['GPUQueue', 'onSubmittedWorkDone'],
    ['GPUBuffer', 'mapAsync'],
    ['GPUDevice', 'createComputePipelineAsync'],
    ['GPUDevice', 'popErrorScope'],
  ]) {
    const { prototype } = scope[type];
    const wait = prototype[method];
    prototype[method] = function (/** @type {unknown[]} */ ...args) {
      return patiently(wait.apply(this, args));
    };
  }
}

const napMs = 0.3;
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
let waiting = 0;
let isNapping = false;

function nap() {
  isNapping = waiting > 0;
  if (!isNapping) return;
  Atomics.wait(nobodyWakes, 0, 0, napMs);
  setImmediate(nap);
}

/** @param {Promise<unknown>} promise */
async function patiently(promise) {
  waiting++;
  if (!isNapping) {
    isNapping = true;
    setImmediate(nap);
  }
  try {
    return await promise;
  } finally {
    waiting--;
  }
}
