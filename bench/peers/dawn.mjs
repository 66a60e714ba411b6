/**
 * `navigator.gpu` for browser libraries in Node, through Dawn, awaited without busy-waiting, as in shadegrad.
 *
 * While a WebGPU promise is pending, Dawn's binding polls the device in every turn of the event loop without a pause, which
 * takes a core from a software device. Here each such turn sleeps 0.3 ms; PEERS_BUSY_WAIT=1 disables that, to measure the
 * gain.
 */
import process from 'node:process';
import { create, globals } from 'webgpu';

/** Kept, because Node crashes when this object is garbage-collected. @type {GPU[]} */
const kept = [];

/**
 * Call before the library is loaded.
 * @param {string} [device] part of the adapter's name
 * @returns {Promise<string>} the adapter's name
 */
export async function openGpu(device) {
  Object.assign(globalThis, globals);
  const gpu = create(device === undefined ? [] : [`adapter=${device}`]);
  kept.push(gpu);
  const scope = /** @type {any} */ (globalThis);
  // Node 21 and later define a navigator that cannot be assigned to.
  Object.defineProperty(scope, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  scope.window = scope.self = scope;
  if (process.env['PEERS_BUSY_WAIT'] !== '1') wrapPromises(scope);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('Dawn lists no adapter');
  return adapter.info.device || adapter.info.description;
}

/** Wraps every promise that waits for the device, so that the event loop sleeps meanwhile. @param {any} scope */
function wrapPromises(scope) {
  for (const [type, method] of [
    ['GPUQueue', 'onSubmittedWorkDone'],
    ['GPUBuffer', 'mapAsync'],
    ['GPUDevice', 'createComputePipelineAsync'],
    ['GPUDevice', 'popErrorScope'],
  ]) {
    const { prototype } = scope[type];
    const wait = prototype[method];
    prototype[method] = function (/** @type {unknown[]} */ ...args) {
      return awaitGpu(wait.apply(this, args));
    };
  }
}

const napMs = 0.3;
const sleepCell = new Int32Array(new SharedArrayBuffer(4));
let waiting = 0;
let isNapping = false;

function nap() {
  isNapping = waiting > 0;
  if (!isNapping) return;
  Atomics.wait(sleepCell, 0, 0, napMs);
  setImmediate(nap);
}

/** @param {Promise<unknown>} promise */
async function awaitGpu(promise) {
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
