/** The browser's opener: `navigator.gpu`, in a page or a worker. */
import { setDebugLevel } from '../engine/debug.js';
import { Device } from '../engine/device.js';
import type { DeviceTraits } from '../engine/pass.js';
import { DeviceError } from '../errors.js';
import { registerKernels } from '../kernels/index.js';

/**
 * Opens a device in a browser and makes it the default. `?debug=2` in the page's address sets the debug level.
 *
 * Throws: DeviceError when the browser has no WebGPU or no adapter.
 */
export async function open({ family }: { readonly family?: DeviceTraits['family'] } = {}): Promise<Device> {
  registerKernels();
  const { navigator, location } = globalThis as {
    navigator?: { gpu?: GPU; userAgent?: string };
    location?: { search?: string };
  };
  setDebugLevel(Number(new URLSearchParams(location?.search ?? '').get('debug') ?? 0) || 0);
  if (!navigator?.gpu) throw DeviceError.noAdapter('this browser has no WebGPU');
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw DeviceError.noAdapter('the browser offers no adapter');
  return Device.open(adapter, { runtime: navigator.userAgent ?? 'browser', ...(family ? { family } : {}) });
}
