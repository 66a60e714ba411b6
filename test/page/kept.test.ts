/**
 * Nothing is lost between visits, by what people see and by the model that they download:
 *   reload    in mid-epoch the training goes on by itself, to the bits of a training that was left alone; so it does
 *             when it was paused, and when the tab was closed; settings, curves and epochs are there again
 *   two tabs  the second says that it keeps nothing, and does not touch what the first one keeps
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

/** Long enough to be met in mid-epoch. */
const query = 'model=mlp&limit=2700&batch=4&epochs=2&seed=5&augment=rotation:10';
const stepsPerEpoch = 608;

let undisturbed: DownloadedModel | undefined;

/** What the training comes to when nobody touches it. */
async function reference(): Promise<DownloadedModel> {
  if (undisturbed) return undisturbed;
  const page = await visits.visit(query);
  expect(await train(page)).toMatchObject({ step: 2 * stepsPerEpoch });
  undisturbed = await download(page);
  await page.context().close();
  return undisturbed;
}

/** Begins, and pauses within the first epoch. */
async function beginAndPause(page: Page): Promise<Standing> {
  await press(page, 'Train');
  await press(page, 'Pause');
  const paused = await untilPhase(page, 'Paused');
  expect(paused).toMatchObject({ epoch: 1 });
  return paused;
}

/** Trains until something of the first epoch is kept that was saved while training; yields a step before that. */
async function trainPastSave(page: Page): Promise<number> {
  const { step } = await beginAndPause(page);
  const saved = page.getByText(/^saved at /);
  const secondOf = (text: string): number => Number(/:(\d\d)\b(?!:)/.exec(text)![1]);
  const now = (): number => new Date().getSeconds();
  // A save is told from the one before by a clock that shows seconds. That of the pause is shown a moment later.
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

/** The page goes on by itself, not from the beginning but from behind `step` of the first epoch, to the end. */
async function goesOn(page: Page, step: number): Promise<void> {
  const first = await until(page, ({ phase }) => phase === 'Training');
  expect((first.epoch - 1) * stepsPerEpoch + first.step).toBeGreaterThan(step);
  expect(await untilPhase(page, 'Finished')).toMatchObject({ step: 2 * stepsPerEpoch });
}

test('reloaded in mid-epoch, the training goes on by itself and ends with the same bits', async () => {
  const { bits, name } = await reference();
  const page = await visits.visit(query);
  const step = await trainPastSave(page);
  await page.reload();
  await goesOn(page, step);
  const after = await download(page);
  expect(after.name).toBe(name);
  expect(after.bits === bits).toBe(true);
});

test('paused, it stays paused over a reload, with settings, curves and epochs, and ends with the same bits', async () => {
  const { bits } = await reference();
  const page = await visits.visit(query);
  await press(page, 'Train');
  await until(page, ({ phase, epoch, step }) => phase === 'Training' && epoch === 2 && step >= 5);
  await press(page, 'Pause');
  const before = await untilPhase(page, 'Paused');
  expect(before.step).toBeLessThan(stepsPerEpoch);
  const [epochs, steps] = await history(page);
  expect(epochs).toHaveLength(2);
  // Without its query, the page knows of the training by what it has kept alone.
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

test('a tab that is closed while it trains goes on when it is opened again, to the same bits', async () => {
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

test('a second tab says that it keeps nothing, and leaves what the first one keeps alone', async () => {
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
