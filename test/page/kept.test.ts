/**
 * Nothing is lost between visits, as shown on the page and in the downloaded model:
 *   reload    in mid-epoch, the training resumes by itself and ends with the bits of an undisturbed one; likewise if it was
 *             paused, or if the tab was closed; settings, curves and epochs are restored
 *   two tabs  the second one says that it does not save, and does not touch the first one's session
 */
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import {
  type DownloadedModel,
  type Standing,
  download,
  history,
  note,
  press,
  setting,
  standing,
  train,
  until,
  untilPhase,
} from './acts.js';
import { useVisits } from './page.js';

const visits = useVisits();

/** Long enough to be interrupted in mid-epoch. */
const query = 'model=mlp&limit=2700&batch=4&epochs=2&seed=5&augment=rotation:10';
const stepsPerEpoch = 608;

let undisturbed: DownloadedModel | undefined;

/** The result of the undisturbed training. */
async function reference(): Promise<DownloadedModel> {
  if (undisturbed) return undisturbed;
  const page = await visits.visit(query);
  expect(await train(page)).toMatchObject({ step: 2 * stepsPerEpoch });
  undisturbed = await download(page);
  await page.context().close();
  return undisturbed;
}

/** Begins a training, and pauses it in the first epoch. */
async function beginAndPause(page: Page): Promise<Standing> {
  await press(page, 'Train');
  await press(page, 'Pause');
  const paused = await untilPhase(page, 'Paused');
  expect(paused).toMatchObject({ epoch: 1 });
  return paused;
}

/** Trains until a save in the first epoch was made during training; resolves with a step before that save. */
async function trainPastSave(page: Page): Promise<number> {
  const { step } = await beginAndPause(page);
  const saved = page.getByText(/^saved at /);
  const secondOf = (text: string): number => Number(/:(\d\d)\b(?!:)/.exec(text)![1]);
  const now = (): number => new Date().getSeconds();
  // Saves differ by the displayed time, in seconds. That of the pause is shown a moment later.
  const paused = now();
  await expect.poll(now, { interval: 5 }).not.toBe(paused);
  let before = '';
  const isOver = async (): Promise<boolean> => secondOf((before = await saved.innerText())) !== now();
  await expect.poll(isOver, { interval: 5 }).toBe(true);
  await press(page, 'Resume');
  await expect.poll(async () => saved.innerText(), { interval: 5 }).not.toBe(before);
  expect(await standing(page)).toMatchObject({ phase: 'Training', epoch: 1 });
  return step;
}

/** Waits until the page has resumed by itself after `step` of the first epoch, and the training has ended. */
async function goesOn(page: Page, step: number): Promise<void> {
  const first = await until(page, ({ phase }) => phase === 'Training');
  expect((first.epoch - 1) * stepsPerEpoch + first.step).toBeGreaterThan(step);
  expect(await untilPhase(page, 'Finished')).toMatchObject({ step: 2 * stepsPerEpoch });
}

test('after a reload in mid-epoch, the training resumes by itself and ends with the same bits', async () => {
  const { bits, name } = await reference();
  const page = await visits.visit(query);
  const step = await trainPastSave(page);
  await page.reload();
  await goesOn(page, step);
  const after = await download(page);
  expect(after.name).toBe(name);
  expect(after.bits === bits).toBe(true);
});

test('a paused training stays paused after a reload, with settings, curves and epochs, and ends with the same bits', async () => {
  const { bits } = await reference();
  const page = await visits.visit(query);
  await press(page, 'Train');
  await until(page, ({ phase, epoch, step }) => phase === 'Training' && epoch === 2 && step >= 5);
  await press(page, 'Pause');
  const before = await untilPhase(page, 'Paused');
  expect(before.step).toBeLessThan(stepsPerEpoch);
  const [epochs, steps] = await history(page);
  expect(epochs).toHaveLength(2);
  // Without its query, the page has only the saved session.
  await page.goto(visits.address);

  await untilPhase(page, 'Paused');
  expect(await standing(page)).toEqual(before);
  expect(await history(page)).toEqual([epochs, steps]);
  expect(await setting(page, 'Model').inputValue()).toBe('mlp');
  expect(await setting(page, 'Number of images').inputValue()).toBe('2,700');
  expect(await setting(page, 'Batch size').inputValue()).toBe('4');
  expect(await setting(page, 'Seed').inputValue()).toBe('5');
  expect(await setting(page, 'Seed').isDisabled()).toBe(true);
  await press(page, 'Resume');
  await untilPhase(page, 'Finished');
  expect((await download(page)).bits === bits).toBe(true);
});

test('a tab that was closed during training resumes when it is opened again, with the same bits', async () => {
  const { bits } = await reference();
  const page = await visits.visit(query);
  const step = await trainPastSave(page);
  await page.close();
  const again = await page.context().newPage();
  await again.goto(visits.address);
  await goesOn(again, step);
  const [epochs] = await history(again);
  expect(epochs).toHaveLength(3);
  expect((await download(again)).bits === bits).toBe(true);
});

test("a second tab says that it does not save, and does not touch the first one's session", async () => {
  const { bits } = await reference();
  const first = await visits.visit(query);
  const before = await beginAndPause(first);

  const second = await first.context().newPage();
  await second.goto(`${visits.address}?model=mlp&limit=120&batch=8&epochs=1&seed=9`);
  await note(second, /^This page is open in another tab, and only that tab saves\./).waitFor();
  expect(await standing(second)).toMatchObject({ phase: 'Ready' });
  await train(second);
  await second.getByText('nothing saved yet').waitFor();
  await second.close();

  await first.reload();
  await untilPhase(first, 'Paused');
  expect(await standing(first)).toEqual(before);
  await press(first, 'Resume');
  await untilPhase(first, 'Finished');
  expect((await download(first)).bits === bits).toBe(true);
});
