/**
 * The data set fashion: choosing it loads its built-in model with its class names. If the server has the images, they can be
 * shown and used for training; if not, the page says how to install them.
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

  test('the choice loads its model and class names, and can be used for training', async () => {
    const page = await visits.visit(tiny);
    await chooseClothes(page);
    // This model does not know digits, so the pad shows one of its test images.
    await section(page, 'Draw a digit')
      .getByText(/^Model small classifies T-shirt\/top, Trouser and 8 more, so/)
      .waitFor();
    const data = await goTo(page, 'Data');
    await data.getByText('Fashion: 60,000 training images and 10,000 test images, 28 × 28 pixels').waitFor();
    expect(await data.getByRole('button', { name: 'Trouser', exact: true }).count()).toBe(1);
    await train(page);
    await setting(page, 'Images').selectOption({ label: 'Digits' });
    // Choosing images does not replace a trained model.
    await section(page, 'Train')
      .getByText(/^mlp, .* trained here\.$/)
      .waitFor();
  });
});

describe('if the server does not have the images', () => {
  const visits = useVisits({ find: async (name) => (name === 'digits' ? findDataset(name) : undefined) });

  test('they cannot be chosen; a URL that names them shows how to install them; digits can be chosen again', async () => {
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
    // The page's example is a digit, so this model does not predict it.
    expect(await section(page, 'Draw a digit').getByText('Nothing is drawn.').isVisible()).toBe(true);
    const data = await goTo(page, 'Data');
    await data.getByText(help).waitFor();
    expect(await data.getByRole('heading', { name: 'Samples' }).isVisible()).toBe(false);
    await data.getByRole('button', { name: 'Try again' }).waitFor();
    // A retry gives the same answer.
    visits.takeProblems();
    await setting(page, 'Images').selectOption({ label: 'Digits' });
    await data.getByText('Digits: 60,000 training images').waitFor();
    const terms = section(page, 'Draw a digit').getByRole('term');
    await expect.poll(async () => terms.allInnerTexts()).toEqual([...'0123456789']);
  });
});
