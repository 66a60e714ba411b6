/**
 * Plan: what people read who have no device in their browser: an insecure address, no WebGPU, no adapter, each with what
 * to do, and what to do on Linux besides; and that a page which has none fails with it. (With an adapter:
 * test/browser/in_worker.browser.test.ts.)
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { noDevice, open } from '../../src/browser/open.js';
import { DeviceError } from '../../src/errors.js';

const linux = 'Mozilla/5.0 (X11; Linux x86_64) Chrome/147.0.0.0';
const android = 'Mozilla/5.0 (Linux; Android 15) Chrome/147.0.0.0 Mobile';
const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0';

describe('without a device', () => {
  it('each reason has its remedy', () => {
    expect(noDevice('insecure', linux).message).toMatchInlineSnapshot(
      `"open: the page was loaded over an insecure connection, where browsers disable WebGPU. Open the page over https, or from this computer as http://localhost."`,
    );
    expect(noDevice('no-webgpu', windows).message).toMatchInlineSnapshot(
      `"open: this browser has no WebGPU. Use a current browser: Chrome or Edge from 113 (on Android 121), Safari from 26, Firefox from 141 on Windows and 145 on macOS."`,
    );
    expect(noDevice('no-adapter', linux).message).toMatchInlineSnapshot(
      `"open: the browser found no usable graphics adapter. Switch on graphics (hardware) acceleration in the settings of the browser, restart it, and keep the graphics driver up to date; chrome://gpu (Chrome, Edge) and about:support (Firefox) say what is missing. On Linux, Chrome and Edge may need chrome://flags/#enable-unsafe-webgpu and #enable-vulkan switched on, Firefox dom.webgpu.enabled in about:config."`,
    );
    expect(noDevice('no-adapter', android).message).not.toContain('On Linux');
  });

  const page = (gpu: unknown, isSecureContext = true): void => {
    vi.stubGlobal('navigator', { userAgent: windows, gpu });
    vi.stubGlobal('isSecureContext', isSecureContext);
  };
  afterEach(() => {
    vi.unstubAllGlobals();
  });
  const refusing = { requestAdapter: () => Promise.reject(new TypeError('not now')) };
  const empty = { requestAdapter: () => Promise.resolve(null) };

  it.each([
    ['an insecure page', undefined, false, 'insecure'],
    ['an old browser', undefined, true, 'no-webgpu'],
    ['no adapter', empty, true, 'no-adapter'],
    ['an adapter that is refused', refusing, true, 'no-adapter'],
  ] as const)('%s', async (_, gpu, isSecure, reason) => {
    page(gpu, isSecure);
    const error: unknown = await open().catch((thrown: unknown) => thrown);
    expect(error).toEqual(noDevice(reason, windows));
    expect(error).toMatchObject({ name: 'DeviceError', problem: 'no-adapter' });
  });

  it('asks for any adapter when the preferred one is not there', async () => {
    const asked: unknown[] = [];
    page({ requestAdapter: (options: unknown) => Promise.resolve(asked.push(options) && null) });
    await expect(open({ powerPreference: 'low-power' })).rejects.toThrow(DeviceError);
    expect(asked).toEqual([{ powerPreference: 'low-power' }, undefined]);
  });
});
