/**
 * The start of a visit: the built-in model predicts the example before any input, on the device, or in JavaScript without
 * WebGPU, with a banner that explains what is missing.
 */
import { expect, test } from 'vitest';
import { useVisits, withoutWebGpu } from './page.js';

const visits = useVisits();

test('predicts before any input', async () => {
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

test('without WebGPU, names the browsers that have it, and still predicts', async () => {
  const context = await visits.profile();
  const page = await context.newPage();
  await withoutWebGpu(page);
  await page.goto(visits.address);
  await page.getByText(/ ms, computed in JavaScript$/).waitFor();
  await page.getByText('WebGPU works in Chrome and Edge 113 or later').waitFor();
  await page.getByText('Training needs WebGPU, which is not available.').waitFor();
  expect(await page.getByRole('button', { name: 'Train', exact: true }).isDisabled()).toBe(true);
});
