/**
 * The browser's GPU process ends during a training, as when a driver is restarted: the page says so, keeps its content,
 * still predicts, and "Resume" continues from the last save, with the bits of an undisturbed training.
 */
import { expect, test } from 'vitest';
import { download, goTo, pixelsOf, press, section, setting, train, until, untilPhase } from './acts.js';
import { crashGraphics, useVisits, whenPredicted } from './page.js';

const visits = useVisits();

const query = 'model=mlp&limit=1800&batch=4&epochs=2&seed=5';

test('a device lost during training: a banner, and a resume that ends with the same bits', async () => {
  const undisturbed = await visits.visit(query);
  await train(undisturbed);
  const { bits } = await download(undisturbed);
  await undisturbed.context().close();

  const page = await visits.visit(query);
  const pad = page.getByRole('application', { name: 'Drawing pad' });
  const sample = (await goTo(page, 'Data')).getByRole('img', { name: /^Image \d+: \d$/ }).first();
  const shown = async (): Promise<number[][]> => Promise.all([pad, sample].map(pixelsOf));
  const pictures = await shown();
  expect(pictures.every((pixels) => pixels.some((value) => value > 0))).toBe(true);
  await press(page, 'Train');
  await press(page, 'Pause');
  const paused = await untilPhase(page, 'Paused');
  await press(page, 'Resume');
  await until(page, ({ phase, step }) => phase === 'Training' && step > paused.step);
  await crashGraphics(visits);

  const warnings = page.getByRole('region', { name: 'Warnings' });
  const banner = warnings.getByRole('alert').filter({ hasText: 'The graphics device was lost.' });
  await banner.getByText(/You can resume from step \d+\./).waitFor();
  await untilPhase(page, 'The graphics device was lost');
  // Canvases lost their content with the GPU process.
  await expect.poll(shown).toEqual(pictures);
  // Without a device, JavaScript predicts with the saved weights.
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await whenPredicted(page);

  await banner.getByRole('button', { name: 'Resume' }).click();
  await banner.waitFor({ state: 'detached' });
  await untilPhase(page, 'Finished');
  expect((await download(page)).bits === bits).toBe(true);
  await section(page, 'Draw a digit').getByText('computed through WebGPU').waitFor();
  expect(await setting(page, 'Seed').isDisabled()).toBe(false);
  visits.takeProblems();
});
