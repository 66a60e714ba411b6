/**
 * Nothing is lost between visits, as shown on the page and in the downloaded model: one training that is paused, reloaded
 * while paused and in mid-epoch, closed with its tab, and looked at in a second tab. Each alone: test/worker/session.test.ts.
 */
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import {
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

/** Resumes a paused training, and resolves when a save was made during it. */
async function save(page: Page): Promise<void> {
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
}

/** Waits until the page has resumed by itself after `step` of an epoch. */
async function resumed(page: Page, before: Standing): Promise<void> {
  const first = await until(page, ({ phase }) => phase === 'Training');
  expect(stepOf(first)).toBeGreaterThan(stepOf(before));
}

/** Counted from the beginning of the training. */
const stepOf = ({ epoch, step }: Standing): number => (epoch - 1) * stepsPerEpoch + step;

test('a training that is paused, reloaded, closed and looked at in a second tab ends with the same bits', async () => {
  const undisturbed = await visits.visit(query);
  expect(await train(undisturbed)).toMatchObject({ step: 2 * stepsPerEpoch });
  const { bits, name } = await download(undisturbed);
  await undisturbed.context().close();

  const page = await visits.visit(query);
  await press(page, 'Train');
  await press(page, 'Pause');
  const paused = await untilPhase(page, 'Paused');
  expect(paused).toMatchObject({ epoch: 1 });
  const [epochs, steps] = await history(page);

  // A second tab says that it does not save, and does not touch the session.
  const second = await page.context().newPage();
  await second.goto(`${visits.address}?model=mlp&limit=120&batch=8&epochs=1&seed=9`);
  await note(second, /^This page is open in another tab, and only that tab saves\./).waitFor();
  expect(await standing(second)).toMatchObject({ phase: 'Ready' });
  await train(second);
  await second.getByText('nothing saved yet').waitFor();
  await second.close();

  // Paused, it stays paused. Without its query, the page has only the saved session.
  await page.goto(visits.address);
  await untilPhase(page, 'Paused');
  expect(await standing(page)).toEqual(paused);
  expect(await history(page)).toEqual([epochs, steps]);
  expect(await setting(page, 'Model').inputValue()).toBe('mlp');
  expect(await setting(page, 'Number of images').inputValue()).toBe('2,700');
  expect(await setting(page, 'Batch size').inputValue()).toBe('4');
  expect(await setting(page, 'Seed').inputValue()).toBe('5');
  expect(await setting(page, 'Seed').isDisabled()).toBe(true);

  // Reloaded after a save during training, it resumes by itself.
  await save(page);
  expect(await standing(page)).toMatchObject({ phase: 'Training' });
  await page.reload();
  await resumed(page, paused);

  // Likewise in a tab that is opened after this one was closed.
  await page.close();
  const again = await page.context().newPage();
  await again.goto(visits.address);
  await resumed(again, paused);
  expect(await untilPhase(again, 'Finished')).toMatchObject({ step: 2 * stepsPerEpoch });
  const [rows] = await history(again);
  expect(rows).toHaveLength(3);
  const after = await download(again);
  expect(after.name).toBe(name);
  expect(after.bits === bits).toBe(true);
});
