/**
 * The first moments of a visit: a prediction is there before anybody did anything, by the model that comes with the
 * page, on the device, and without WebGPU in JavaScript, with words on what is missing.
 */
import { expect, test } from 'vitest';
import { useVisits, withoutWebGpu } from './page.js';

const visits = useVisits();

test('predicts before anybody does anything', async () => {
  const page = await visits.visit();
  const draw = page.getByRole('region', { name: 'Draw a digit' });
  await expect(draw.getByText('> 99').first().isVisible()).resolves.toBe(true);
  expect(
    await page
      .locator('#train')
      .getByText(/built in\.$/)
      .count(),
  ).toBe(1);
  expect(await page.title()).toContain('shadegrad');
});

test('without WebGPU says which browsers have it, and predicts all the same', async () => {
  const context = await visits.profile();
  const page = await context.newPage();
  await withoutWebGpu(page);
  await page.goto(visits.address);
  await page.getByText(/ ms, computed in JavaScript$/).waitFor();
  await page.getByText('WebGPU works in Chrome and Edge 113 or later').waitFor();
  await page.getByText('Training needs WebGPU').waitFor();
  expect(await page.getByRole('button', { name: 'Train', exact: true }).isDisabled()).toBe(true);
});
