/** The browser's opener: `navigator.gpu`, in a page or a worker. */
import { setDebugLevel } from '../engine/debug.js';
import { checkCall } from '../calls.js';
import { Device, familyRule } from '../engine/device.js';
import type { DeviceTraits } from '../engine/primitive.js';
import { DeviceError } from '../errors.js';
import { type Rules, countOrZero, oneOf } from '../options.js';

export interface OpenOptions {
  /** Preferred GPU of a computer with two. Default `high-performance`. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /** Overrides the kernel family that the adapter suggests. */
  readonly family?: DeviceTraits['family'];
  /** Debug level. Default: `?debug=2` in the URL; the URL of a worker is that of its script. */
  readonly debug?: number;
}

const rules = (): Rules<OpenOptions> => ({
  powerPreference: oneOf(['high-performance', 'low-power']),
  family: familyRule(),
  debug: countOrZero,
});

/** Globals of a page or worker, all optional because older browsers lack them. */
const scope = globalThis as {
  readonly navigator?: { readonly gpu?: GPU; readonly userAgent?: string };
  readonly isSecureContext?: boolean;
  readonly location?: { readonly search: string };
};

/**
 * Opens a device in a browser. The first open device is the default; see `defaultDevice`.
 *
 * Throws: DeviceError (`no-adapter`) when there is no WebGPU or no adapter, with a remedy.
 */
export async function open(options: OpenOptions = {}): Promise<Device> {
  checkCall('open', options, rules);
  const { powerPreference = 'high-performance', family, debug = debugInAddress() } = options;
  setDebugLevel(debug);
  const { navigator, isSecureContext = true } = scope;
  const { gpu, userAgent = '' } = navigator ?? {};
  if (!gpu) throw noDevice(isSecureContext ? 'no-webgpu' : 'insecure', userAgent);
  const adapter = await findAdapter(gpu, powerPreference, userAgent);
  return Device.open(adapter, { runtime: userAgent || 'browser', ...(family ? { family } : {}) });
}

/** The preferred adapter, otherwise any. */
async function findAdapter(
  gpu: GPU,
  powerPreference: GPUPowerPreference,
  userAgent: string,
): Promise<GPUAdapter> {
  let adapter: GPUAdapter | null;
  try {
    adapter = (await gpu.requestAdapter({ powerPreference })) ?? (await gpu.requestAdapter());
  } catch (cause) {
    throw noDevice('no-adapter', userAgent, { cause });
  }
  if (!adapter) throw noDevice('no-adapter', userAgent);
  return adapter;
}

function debugInAddress(): number {
  const { search = '' } = scope.location ?? {};
  return Number(new URLSearchParams(search).get('debug') ?? 0) || 0;
}

const found = {
  insecure: 'the page was loaded over an insecure connection, where browsers disable WebGPU',
  'no-webgpu': 'this browser has no WebGPU',
  'no-adapter': 'the browser found no usable graphics adapter',
};

const remedy = {
  insecure: 'Open the page over https, or from this computer as http://localhost.',
  'no-webgpu':
    'Use a current browser: Chrome or Edge from 113 (on Android 121), Safari from 26, Firefox from 141 on Windows and 145 on macOS.',
  'no-adapter':
    'Switch on graphics (hardware) acceleration in the settings of the browser, restart it, and keep the graphics driver up to date; chrome://gpu (Chrome, Edge) and about:support (Firefox) say what is missing.',
};

/** On Linux, browsers enable WebGPU for some drivers only, and for others behind a flag. */
const onLinux =
  'On Linux, Chrome and Edge may need chrome://flags/#enable-unsafe-webgpu and #enable-vulkan switched on, Firefox dom.webgpu.enabled in about:config.';

/** Why there is no device, and what the user can do. */
export function noDevice(reason: keyof typeof found, userAgent: string, options?: ErrorOptions): DeviceError {
  const isLinux = /Linux|X11/.test(userAgent) && !userAgent.includes('Android') && reason !== 'insecure';
  const sentences = [`open: ${found[reason]}.`, remedy[reason], ...(isLinux ? [onLinux] : [])];
  return new DeviceError(sentences.join(' '), { ...options, problem: 'no-adapter' });
}
