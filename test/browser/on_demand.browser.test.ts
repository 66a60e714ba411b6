/** What is fetched on demand: used when it is of the page's own build; of another, or not to be had, a sentence. */
import { expect, test } from 'vitest';
import * as parts from '../../web/worker/on_demand.js';
import { onDemand } from '../../web/worker/on_demand_script.js';

test('is there', async () => {
  expect(await onDemand()).toBe(parts);
});

test('is of another build', async () => {
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
