/** One device per test file, ended with it. */
import { afterAll, beforeAll } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import { open } from './open.js';

export interface Held {
  readonly device: Device;
}

/** Opens a device before the file's tests. */
export function useDevice(): Held {
  let device: Device | undefined;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device?.destroy());
  return {
    get device() {
      if (!device) throw new Error('useDevice: asked for the device outside a test.');
      return device;
    },
  };
}
