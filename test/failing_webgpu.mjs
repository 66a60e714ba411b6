// Loaded into a training with `node --import`: counts its calls of WebGPU, and at one of them does what the environment
// says (test/long/webgpu_faults.ts). Dawn's objects have the prototypes that the package offers as globals, so all of them
// are reached, and nothing is needed in the product.
//
//   WEBGPU_CALLS={"log": FILE}                                        writes all calls into FILE at the end
//   WEBGPU_CALLS={"call": "GPUQueue.submit", "nth": N, "act": "throw"}   the N-th such call throws, or rejects
//   WEBGPU_CALLS={…, "act": "lose"}                                   the device is lost just before that call
//   WEBGPU_CALLS={…, "act": "refuse"}                                 the device refuses a command just before it
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { globals } from 'webgpu';

/** @typedef {(...args: unknown[]) => unknown} Method */

/** @typedef {{ log?: string, call?: string, nth?: number, act?: 'throw' | 'lose' | 'refuse' }} Orders */
const { log, call, nth, act } = /** @type {Orders} */ (JSON.parse(process.env['WEBGPU_CALLS'] ?? ''));
const classes = [
  'GPU',
  'GPUAdapter',
  'GPUBuffer',
  'GPUCommandEncoder',
  'GPUComputePassEncoder',
  'GPUComputePipeline',
  'GPUDevice',
  'GPUQuerySet',
  'GPUQueue',
  'GPUShaderModule',
];
const asynchronous = new Set([
  'createComputePipelineAsync',
  'getCompilationInfo',
  'mapAsync',
  'onSubmittedWorkDone',
  'popErrorScope',
  'requestAdapter',
  'requestDevice',
]);
/** @type {string[]} */
const calls = [];
let met = 0;
/** The device that an object is of. */
const devices = /** @type {WeakMap<object, GPUDevice>} */ (new WeakMap());

for (const name of classes) {
  const { prototype } = /** @type {Record<string, { prototype: Record<string, Method> }>} */ (globals)[
    name
  ] ?? {
    prototype: {},
  };
  for (const [method, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
    if (typeof value === 'function' && method !== 'constructor')
      wrap(prototype, name, method, /** @type {Method} */ (value));
}
if (log !== undefined) process.on('exit', () => writeFileSync(log, JSON.stringify(calls)));

/**
 * @param {Record<string, Method>} prototype
 * @param {string} name
 * @param {string} method
 * @param {Method} original
 */
function wrap(prototype, name, method, original) {
  prototype[method] = function (/** @type {unknown[]} */ ...args) {
    const made = `${name}.${method}`;
    calls.push(made);
    if (made === call && ++met === nth) {
      if (act === 'throw') {
        const error = new DOMException(`a fault of the test in ${made}`, 'OperationError');
        if (asynchronous.has(method)) return Promise.reject(error);
        throw error;
      }
      harm(devices.get(this));
    }
    return remember(this, original.apply(this, args));
  };
}

/** @param {GPUDevice | undefined} device */
function harm(device) {
  if (act === 'lose') device?.destroy();
  // A usage that does not exist.
  else device?.createBuffer({ size: 16, usage: 0x8000 });
}

/**
 * @template T
 * @param {object} maker
 * @param {T} result
 * @returns {T}
 */
function remember(maker, result) {
  if (result instanceof Promise) {
    void result.then(
      (/** @type {unknown} */ value) => void remember(maker, value),
      () => undefined, // The caller handles it.
    );
    return result;
  }
  if (typeof result !== 'object' || result === null) return result;
  if (result instanceof GPUDevice) {
    devices.set(result, result);
    devices.set(result.queue, result);
  } else {
    const device = devices.get(maker);
    if (device !== undefined) devices.set(result, device);
  }
  return result;
}
