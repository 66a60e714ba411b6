/**
 * Clothes: chosen, they bring the model that comes with the page for them, and its names. Where the server has their images
 * they can be looked at and trained on; where it has not, the page says how to come by them.
 */
import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { findDataset } from '../../src/node/datasets.js';
import { goTo, note, section, setting, train } from './acts.js';
import { tiny, useVisits } from './page.js';

const names = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'];

async function chooseClothes(page: Page): Promise<void> {
  await setting(page, 'Images').selectOption({ label: 'Fashion' });
  const terms = section(page, 'Draw a digit').getByRole('term');
  await expect
    .poll(async () => terms.allInnerTexts(), { timeout: 20_000 })
    .toEqual(expect.arrayContaining(names));
  await section(page, 'Train')
    .getByText(/came with this page\.$/)
    .waitFor();
}

const clothes = await findDataset('fashion');

describe.runIf(clothes)('where the server has clothes', () => {
  const visits = useVisits();

  test('they bring their model and names, and can be trained on', async () => {
    const page = await visits.visit(tiny);
    await chooseClothes(page);
    // A digit says little to this model: one of its test images lies on the pad.
    await section(page, 'Draw a digit')
      .getByText(/^Model small classifies T-shirt\/top, Trouser and 8 more, so/)
      .waitFor();
    const data = await goTo(page, 'Data');
    await data
      .getByText('Fashion: 60,000 images to train on and 10,000 to test, of 28 × 28 pixels')
      .waitFor();
    expect(await data.getByRole('button', { name: 'Trouser', exact: true }).count()).toBe(1);
    await train(page);
    await setting(page, 'Images').selectOption({ label: 'Digits' });
    // What was trained here is not taken away by a choice.
    await section(page, 'Train')
      .getByText(/^mlp, .* trained here\.$/)
      .waitFor();
  });
});

describe('where the server has none', () => {
  const visits = useVisits({ find: async (name) => (name === 'digits' ? findDataset(name) : undefined) });

  test('the page says how to come by them, and digits come back', async () => {
    const page = await visits.visit(tiny);
    await chooseClothes(page);
    const help =
      /^data: the images of fashion \(Fashion-MNIST\) are not served with this page\. .* npm run explore -- --dataset fashion, /;
    await note(page, help).waitFor();
    const data = await goTo(page, 'Data');
    await data.getByText(help).waitFor();
    await data.getByRole('button', { name: 'Try again' }).waitFor();
    await setting(page, 'Images').selectOption({ label: 'Digits' });
    await data.getByText('Digits: 60,000 images').waitFor();
    const terms = section(page, 'Draw a digit').getByRole('term');
    await expect.poll(async () => terms.allInnerTexts()).toEqual([...'0123456789']);
  });
});
