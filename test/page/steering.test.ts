/**
 * Controlling a training with the page's buttons, and its settings with form and URL:
 *   controls  pause, exactly one step, resume, stop; a new learning rate takes effect during the training; training does not
 *             wait for frames
 *   settings  read from the URL, with notes on invalid ones; the URL follows the form; back and forward
 */
import { expect, test } from 'vitest';
import { rate as rateText } from '../../src/report/charts/numbers.js';
import {
  controls,
  download,
  goTo,
  largestChange,
  note,
  press,
  setting,
  standing,
  stepOnce,
  until,
  untilPhase,
} from './acts.js';
import { useVisits } from './page.js';

const visits = useVisits();

const fields = ['Model', 'Recipe', 'Learning rate', 'Batch size', 'Epochs', 'Number of images', 'Seed'];

/** No test waits for its end, or for the end of its first epoch: 9,000 steps. */
const endless = 'model=mlp&limit=40000&batch=4&epochs=900';

/** In the page: animation frames wait between `holdFrames()` and `drawFrames()`. */
const holdingFrames = `
  const draw = requestAnimationFrame.bind(globalThis);
  let held;
  globalThis.requestAnimationFrame = (paint) => (held ? held.push(paint) : draw(paint));
  // Frames requested earlier are still drawn.
  globalThis.holdFrames = () => {
    held = [];
    return new Promise((drawn) => draw(() => draw(drawn)));
  };
  globalThis.drawFrames = () => {
    const waiting = held;
    held = undefined;
    for (const paint of waiting) draw(paint);
  };`;

test('pause, single steps, resume and stop', async () => {
  const page = await visits.visit(endless);
  const buttons = controls(page);
  const canBePressed = async (name: string): Promise<boolean> =>
    buttons.getByRole('button', { name, exact: true }).isEnabled();
  expect(await Promise.all(['Train', 'Step', 'Stop'].map(canBePressed))).toEqual([true, false, false]);

  await press(page, 'Train');
  await press(page, 'Pause');
  const { epoch, step } = await untilPhase(page, 'Paused');
  expect(epoch).toBe(1);
  expect(await Promise.all(['Resume', 'Step', 'Stop'].map(canBePressed))).toEqual([true, true, true]);
  for (let done = 1; done <= 3; done++)
    expect(await stepOnce(page)).toEqual({ phase: 'Paused', epoch: 1, step: step + done });
  await page.keyboard.press('Control+Enter');
  await until(page, (now) => now.phase === 'Training' && now.step > step + 3);
  await press(page, 'Stop');
  const ended = await untilPhase(page, 'Stopped');
  expect(ended.step).toBeGreaterThan(step + 3);
  expect(await canBePressed('Train again')).toBe(true);
  expect((await download(page)).name).toBe(`digits-mlp-${ended.step}-steps.safetensors`);
});

test('training continues while no frame is drawn, as in a background tab', async () => {
  const context = await visits.profile();
  await context.addInitScript({ content: holdingFrames });
  const page = await context.newPage();
  await page.goto(`${visits.address}?${endless}`);
  await press(page, 'Train');
  await until(page, ({ step }) => step > 5);
  const begun = performance.now();
  await until(page, ({ step }) => step > 105);
  const ms = performance.now() - begun;
  await page.evaluate('holdFrames()');
  const { step } = await standing(page);
  // The time of a hundred steps on this machine.
  await page.waitForTimeout(Math.max(1500, ms));
  expect(await standing(page), 'nothing is painted meanwhile').toMatchObject({ step });
  await page.evaluate('drawFrames()');
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  // If training waited for frames, the step would be unchanged.
  expect((await standing(page)).step).toBeGreaterThan(step + 50);
});

test('a learning rate changed during the training takes effect with the next step', async () => {
  const page = await visits.visit(endless);
  await press(page, 'Train');
  await press(page, 'Pause');
  await untilPhase(page, 'Paused');
  const rate = setting(page, 'Learning rate');
  const write = async (text: string): Promise<void> => {
    await rate.fill(text);
    await rate.press('Tab');
  };
  const changeAt = async (value: number): Promise<number> => {
    await write(String(value));
    await page.getByText(`in effect: ${rateText(value)}`, { exact: true }).waitFor();
    const before = await download(page);
    await stepOnce(page);
    const after = await download(page);
    return largestChange(before.stored, after.stored);
  };
  await write('0');
  expect(await rate.getAttribute('aria-invalid')).toBe('true');
  expect(await page.getByText(/^a number from 1e-7 to 10$/).isVisible()).toBe(true);
  // The length of RMSprop's steps is the rate times a factor near 1.
  const [small, large] = [await changeAt(1e-4), await changeAt(0.1)];
  expect(large / small).toBeGreaterThan(100);
  expect(large / small).toBeLessThan(10_000);
  // The next training is not affected.
  expect(new URL(page.url()).searchParams.has('rate')).toBe(false);
});

test('settings are read from the URL, with notes on invalid ones', async () => {
  const context = await visits.profile();
  const page = await context.newPage();
  await page.goto(
    `${visits.address}?model=mlp&limit=500&batch=1.5&rate=0.01&seed=7&colour=red&preset=fast&augment=zoom:0.1#data`,
  );
  await note(page, /^batch=1\.5 in the URL is ignored: expected an integer from 1 to 4,096\.$/).waitFor();
  await note(page, /^preset=fast in the URL is ignored: expected one of quick, /).waitFor();
  await note(page, /^Unknown setting 'colour' in the URL; expected one of data, preset, model, /).waitFor();
  const shown = async (name: string): Promise<string> => setting(page, name).inputValue();
  expect(await Promise.all(fields.map(shown))).toEqual(['mlp', 'quick', '0.01', '32', '5', '500', '7']);
  await page.getByText(/^A short schedule\. Images are augmented\./).waitFor();
});

test('the URL follows the form, and back and forward restore settings', async () => {
  const page = await visits.visit('model=mlp&limit=500');
  const search = (): string => new URL(page.url()).search;
  await setting(page, 'Batch size').fill('64');
  await setting(page, 'Batch size').press('Tab');
  await setting(page, 'Model').selectOption('simple');
  await expect.poll(search).toBe('?model=simple&limit=500&batch=64');
  await setting(page, 'Number of images').fill('');
  await setting(page, 'Number of images').press('Tab');
  await setting(page, 'Recipe').selectOption('corrected');
  await expect.poll(search).toBe('?preset=corrected');
  expect(await setting(page, 'Model').inputValue()).toBe('paper');
  await setting(page, 'Recipe').selectOption('quick');
  await expect.poll(search).not.toContain('preset');

  // A link to a section adds a history entry, which keeps the settings that are changed afterwards.
  await goTo(page, 'Data');
  await setting(page, 'Seed').fill('8');
  await setting(page, 'Seed').press('Tab');
  await expect.poll(search).toContain('seed=8');
  await page.goBack();
  await expect.poll(async () => setting(page, 'Seed').inputValue()).toBe('42');
  expect(search()).not.toContain('seed');
  await page.goForward();
  await expect.poll(async () => setting(page, 'Seed').inputValue()).toBe('8');
});
