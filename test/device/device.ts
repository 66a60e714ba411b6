/** One device per test file, ended with it. */
import { afterAll, beforeAll } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import { open } from '../../src/node/open.js';

export interface Held {
  readonly device: Device;
}

/** Opens a device before the file's tests; SHADEGRAD_DEVICE names another adapter than the default. */
export function useDevice(): Held {
  let device: Device | undefined;
  beforeAll(async () => {
    const name = process.env['SHADEGRAD_DEVICE'];
    device = await open(name ? { device: name } : {});
  });
  afterAll(() => device?.destroy());
  return {
    get device() {
      if (!device) throw new Error('useDevice: asked for the device outside a test.');
      return device;
    },
  };
}
