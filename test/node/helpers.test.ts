// Plan: the devices that help to compile are opened repeatedly without leaving threads behind, and never become the default
// device.
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultDevice } from '../../src/engine/device.js';
import { open } from '../../src/node/open.js';

const tasks = '/proc/self/task';

test.runIf(existsSync(tasks))('helpers opened again leave no threads behind', async () => {
  const device = await open();
  const openAndClose = async (): Promise<number> => {
    for (const helper of await device.openHelpers()) helper.destroy();
    return readdirSync(tasks).length;
  };
  const once = await openAndClose();
  for (let i = 0; i < 5; i++) await openAndClose();
  // Devices that were just destroyed may still be ending their own.
  await expect.poll(() => readdirSync(tasks).length).toBeLessThan(once + 5);
  expect(defaultDevice()).toBe(device);
});
