/**
 * Clothes: chosen, they bring the model that comes with the page for them, and its names. Where the server has their images
 * they can be looked at and trained on; where it has not, the page says how to come by them.
 */
import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { findDataset } from '../../src/node/datasets.js';
import { controls, goTo, section, setting, train } from './acts.js';
import { tiny, useVisits } from './page.js';

const names = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'];

async function chooseClothes(page: Page): Promise<void> {
  await setting(page, 'Images').selectOption({ label: 'Fashion' });
  const terms = section(page, 'Draw a digit').getByRole('term');
  await expect.poll(async () => terms.allInnerTexts()).toEqual(expect.arrayContaining(names));
  await section(page, 'Train')
    .getByText(/built in\.$/)
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
    await data.getByText('Fashion: 60,000 training images and 10,000 test images, 28 × 28 pixels').waitFor();
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

  test('they are not offered; an address that names them says how to come by them, and digits come back', async () => {
    const digits = await visits.visit(tiny);
    const help =
      'The clothing images (Fashion-MNIST) are not installed. Run npm run explore -- --dataset fashion, then reload this page.';
    await section(digits, 'Train').getByText(help).waitFor();
    const clothes = setting(digits, 'Images').getByRole('option', { name: 'Fashion' });
    expect(await clothes.isDisabled()).toBe(true);
    await digits.context().close();

    const page = await (await visits.profile()).newPage();
    await page.goto(`${visits.address}?data=fashion&${tiny}`);
    const button = controls(page).getByRole('button', { name: 'Train', exact: true });
    await expect.poll(async () => button.getAttribute('aria-describedby')).toBe('training-images-problem');
    expect(await button.isDisabled()).toBe(true);
    // The page's own drawing is a digit: nothing is guessed of it.
    expect(await section(page, 'Draw a digit').getByText('Nothing is drawn.').isVisible()).toBe(true);
    const data = await goTo(page, 'Data');
    await data.getByText(help).waitFor();
    expect(await data.getByRole('heading', { name: 'Samples' }).isVisible()).toBe(false);
    await data.getByRole('button', { name: 'Try again' }).waitFor();
    // Asked for again, the server has no other answer.
    visits.takeProblems();
    await setting(page, 'Images').selectOption({ label: 'Digits' });
    await data.getByText('Digits: 60,000 training images').waitFor();
    const terms = section(page, 'Draw a digit').getByRole('term');
    await expect.poll(async () => terms.allInnerTexts()).toEqual([...'0123456789']);
  });
});
