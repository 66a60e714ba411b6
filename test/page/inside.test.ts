/**
 * The section Inside, for the current model and for a paused training:
 *   filters      one picture per filter of the first convolution; the selected one is large
 *   activations  follow the drawing, starting with the input
 *   kernels      each layer has its own rows, or the page says why not; the WGSL of each can be read
 *   tuning       the result is shown, stored across a reload, and forgotten
 */
import type { Locator, Page } from 'playwright';
import { expect, test } from 'vitest';
import { goTo, pixelsOf, press, section, untilPhase } from './acts.js';
import { useVisits } from './page.js';

const visits = useVisits();

const inside = (page: Page): Locator => section(page, 'Inside');
const kernelTable = (page: Page): Locator =>
  inside(page).getByRole('table', { name: 'The kernels of a step and their times' });
const code = (page: Page): Locator => inside(page).getByRole('region', { name: /\.wgsl$/ });

/** The input is drawn with its minimum black and its maximum white. */
function areAlike(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, i) => Math.abs(value - other[i]!) <= 3);
}

test('filters, maps that follow the drawing, and the WGSL of a layer', async () => {
  const page = await visits.visit();
  await goTo(page, 'Inside');
  const filters = inside(page).getByRole('radiogroup', { name: 'Filters' }).getByRole('radio');
  await expect.poll(async () => filters.count()).toBe(16);
  // Filters are drawn again when the device replaces JavaScript, with the first one selected.
  const fourth = inside(page).getByText(/^Filter 4 of 16: 3 × 3, weights from −?\d\S* to −?\d\S*$/);
  const choose = async (): Promise<number> => {
    await filters.nth(3).click();
    return fourth.count();
  };
  await expect.poll(choose).toBe(1);
  await page.keyboard.press('ArrowRight');
  await inside(page)
    .getByText(/^Filter 5 of 16: /)
    .waitFor();

  const input = inside(page).getByRole('img', { name: 'The image as the network sees it' });
  const seen = section(page, 'Draw a digit').getByRole('img', { name: /^What the network sees/ });
  await expect.poll(async () => input.count()).toBe(1);
  const seven = await pixelsOf(seen);
  expect(areAlike(await pixelsOf(input), seven)).toBe(true);
  const map = inside(page)
    .getByRole('img', { name: /^Map \d+ of 16: values from / })
    .first();
  const mapOfSeven = await pixelsOf(map);

  await section(page, 'Draw a digit').getByRole('button', { name: 'Test images' }).click();
  const images = section(page, 'Draw a digit').getByRole('listbox', { name: 'Test images' });
  await images.getByRole('option').nth(2).click();
  await expect.poll(async () => pixelsOf(seen)).not.toEqual(seven);
  const picked = await pixelsOf(seen);
  await goTo(page, 'Inside');
  await expect.poll(async () => areAlike(await pixelsOf(input), picked)).toBe(true);
  await expect.poll(async () => pixelsOf(map)).not.toEqual(mapOfSeven);

  await inside(page).getByText('The prediction of one image runs ').waitFor();
  const show = inside(page).getByRole('button', { name: 'Show its WGSL: conv2d', exact: true });
  await show.click();
  await expect.poll(async () => code(page).innerText()).toContain('@compute');
  expect(await code(page).innerText()).toMatch(/fn main\(/);
});

test('after a training each layer has its kernels, forward and backward', async () => {
  const page = await visits.visit('model=mlp&limit=2000&batch=4&epochs=900');
  await press(page, 'Train');
  await press(page, 'Pause');
  await untilPhase(page, 'Paused');
  await goTo(page, 'Inside');
  // The link's target stays in view although the sections above it grow.
  await inside(page).getByText('This model has no convolution, so it has no filters.').waitFor();
  await inside(page)
    .getByText(/^A training step runs \d+ kernels on this device, /)
    .waitFor();
  const scopes = await kernelTable(page).getByRole('rowheader').allInnerTexts();
  for (const scope of ['inputs', 'dense', 'dense_1', 'loss', 'optimizer'])
    expect(scopes.some((text) => text.split(/\s/)[0] === scope)).toBe(true);
  await inside(page).getByText('flatten: nothing to compute in a step.').waitFor();
  const rowsOf = async (direction: string): Promise<string> => {
    await inside(page).getByRole('radio', { name: direction }).check();
    return kernelTable(page).innerText();
  };
  expect(await rowsOf('Backward')).toMatch(/\bdense_1\b/);

  // Every kernel can be read.
  await inside(page).getByRole('radio', { name: 'All', exact: true }).check();
  const kernels = kernelTable(page).getByRole('cell').getByRole('button');
  const names = [...new Set(await kernels.allInnerTexts())];
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    await kernels.getByText(name, { exact: true }).first().click();
    await inside(page)
      .getByRole('heading', { name: `${name}.wgsl`, exact: true })
      .waitFor();
    const source = await code(page).innerText();
    expect(source).toContain('@compute');
    expect(source).toMatch(/fn main\(/);
  }
});

test('tunes the kernels for this device; the choices survive a reload, until they are forgotten', async () => {
  const page = await visits.visit('model=small&batch=2');
  await goTo(page, 'Inside');
  const tune = inside(page).getByRole('button', { name: 'Tune for this device', disabled: false });
  await tune.click();
  // Whether any variant is faster depends on the device.
  const outcome =
    /(tuning gains nothing here|New trainings will use these kernels|so nothing has changed\. Try again)/;
  await inside(page).getByText(outcome).waitFor();
  const table = inside(page).getByRole('table', {
    name: 'Each kernel with its default variant and the best other one',
  });
  expect(await table.innerText()).toMatch(/conv2d\/forward\s+\[2,28,28,1\] \[3,3,1,16\]/);

  // On a busy machine, the whole step may have been slower.
  const unchanged = inside(page).getByText(/so nothing has changed/);
  if ((await unchanged.count()) > 0) return;
  const kept = inside(page).getByText(/^The choices for \d+ kernels are stored, last measured on /);
  await kept.waitFor();
  await page.reload();
  await goTo(page, 'Inside');
  await kept.waitFor();
  await inside(page).getByRole('button', { name: 'Forget' }).click();
  await inside(page).getByText('Forgotten: new trainings will use the default kernels.').waitFor();
  await expect.poll(async () => kept.isVisible()).toBe(false);
});
