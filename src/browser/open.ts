/** The browser's opener: `navigator.gpu`, in a page or a worker. */
import { setDebugLevel } from '../engine/debug.js';
import { checkCall } from '../calls.js';
import { Device, familyRule } from '../engine/device.js';
import type { DeviceTraits } from '../engine/primitive.js';
import { DeviceError } from '../errors.js';
import { type Rules, countOrZero, oneOf } from '../options.js';

export interface OpenOptions {
  /** Which of a computer's two GPUs to ask for. Default `high-performance`. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /** Which kernels to prefer, whatever the adapter suggests. */
  readonly family?: DeviceTraits['family'];
  /** What to print; left out, as `?debug=2` in the address says. A worker's own address is its script's. */
  readonly debug?: number;
}

const rules = (): Rules<OpenOptions> => ({
  powerPreference: oneOf(['high-performance', 'low-power']),
  family: familyRule(),
  debug: countOrZero,
});

/** What a page or a worker may have: nothing of it is certain in older browsers. */
const surroundings = globalThis as {
  readonly navigator?: { readonly gpu?: GPU; readonly userAgent?: string };
  readonly isSecureContext?: boolean;
  readonly location?: { readonly search: string };
};

/**
 * Opens a device in a browser. The first one that is open is the default; see `defaultDevice`.
 *
 * Throws: DeviceError (`no-adapter`) when there is no WebGPU or no adapter, with what to do about it.
 */
export async function open(options: OpenOptions = {}): Promise<Device> {
  checkCall('open', options, rules);
  const { powerPreference = 'high-performance', family, debug = debugInAddress() } = options;
  setDebugLevel(debug);
  const { navigator, isSecureContext = true } = surroundings;
  const { gpu, userAgent = '' } = navigator ?? {};
  if (!gpu) throw noDevice(isSecureContext ? 'no-webgpu' : 'insecure', userAgent);
  const adapter = await findAdapter(gpu, powerPreference, userAgent);
  return Device.open(adapter, { runtime: userAgent || 'browser', ...(family ? { family } : {}) });
}

/** The adapter preferred, else any. */
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
  const { search = '' } = surroundings.location ?? {};
  return Number(new URLSearchParams(search).get('debug') ?? 0) || 0;
}

const found = {
  insecure: 'the page came over an insecure connection, where browsers give no WebGPU',
  'no-webgpu': 'this browser has no WebGPU',
  'no-adapter': 'the browser finds no graphics adapter that it can use',
};

const remedy = {
  insecure: 'Open the page over https, or from this computer as http://localhost.',
  'no-webgpu':
    'Use a current one: Chrome or Edge from 113 (on Android 121), Safari from 26, Firefox from 141 on Windows and 145 on macOS.',
  'no-adapter':
    'Switch on graphics (hardware) acceleration in the settings of the browser, restart it, and keep the graphics driver up to date; chrome://gpu (Chrome, Edge) and about:support (Firefox) say what is missing.',
};

/** On Linux the browsers have WebGPU for some drivers only, and for the others behind a switch. */
const onLinux =
  'On Linux, Chrome and Edge may need chrome://flags/#enable-unsafe-webgpu and #enable-vulkan switched on, Firefox dom.webgpu.enabled in about:config.';

/** Why there is no device, for people, and what they can do. */
export function noDevice(reason: keyof typeof found, userAgent: string, options?: ErrorOptions): DeviceError {
  const isLinux = /Linux|X11/.test(userAgent) && !userAgent.includes('Android') && reason !== 'insecure';
  const sentences = [`open: ${found[reason]}.`, remedy[reason], ...(isLinux ? [onLinux] : [])];
  return new DeviceError(sentences.join(' '), { ...options, problem: 'no-adapter' });
}
