/** The script that is loaded on demand: used if it belongs to the page's build; otherwise, or if missing, an error. */
import { expect, test } from 'vitest';
import * as parts from '../../web/worker/on_demand.js';
import { onDemand } from '../../web/worker/on_demand_script.js';

test('is used', async () => {
  expect(await onDemand()).toBe(parts);
});

test('belongs to another build', async () => {
  await expect(onDemand(async () => ({ ...parts, build: 'another' }))).rejects.toMatchObject({
    name: 'FileError',
    message: 'the page was updated on its server after it was loaded; reload it.',
  });
});

test('cannot be fetched', async () => {
  await expect(onDemand(async () => Promise.reject(new TypeError('gone')))).rejects.toMatchObject({
    name: 'FileError',
    message:
      'a part of this page could not be loaded (TypeError: gone). Check that its server is running, then reload.',
  });
});
