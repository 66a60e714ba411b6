/**
 * The opener that these tests use. In Chromium the browser's replaces this file (vitest.config.ts); here it is
 * Node's, and SHADEGRAD_DEVICE names another adapter than the default.
 */
import type { Device } from '../../src/engine/device.js';
import { type OpenOptions, open as openInNode } from '../../src/node/open.js';

export async function open(options: OpenOptions = {}): Promise<Device> {
  const device = process.env['SHADEGRAD_DEVICE'];
  return openInNode({ ...(device ? { device } : {}), ...options });
}
