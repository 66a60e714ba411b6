/**
 * Accessibility of the page, in all states of a visit:
 *   rules: axe finds no violation, 1280 px wide in light and dark, and 360 px wide
 *   room: no horizontal scrolling at 1280 px, at 200 % zoom (640), at 360 and at 320
 *   keyboard: Tab reaches all controls with a visible focus, and leaves the page; the skip link; a whole visit by keyboard
 *   the focus stays on a control while it changes
 *   live regions announce little while numbers change
 *   reduced motion; forced colours
 */
import axe, { type AxeResults, type RunOptions } from 'axe-core';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { press, section, train, until, untilPhase } from './acts.js';
import { crashGraphics, tiny, useVisits, whenPredicted, withoutWebGpu } from './page.js';

const visits = useVisits();

/** A training that is long enough to be inspected. */
const long = 'model=mlp&limit=120&batch=8&epochs=1000';
/** Without colour transitions. */
const still = { reducedMotion: 'reduce' } as const;

// ---- rules and room ----

/** All violations of the page in its current state, as text. */
async function faults(page: Page): Promise<string[]> {
  const found = new Set<string>();
  for (const width of [1280, 640, 360, 320]) {
    await page.setViewportSize({ width, height: 900 });
    const needed = await page.evaluate<number>('document.documentElement.scrollWidth');
    if (needed > width) found.add(`at ${width} px the page is ${needed} px wide`);
    if (width !== 1280 && width !== 360) continue;
    // Colours do not depend on the width.
    for (const colorScheme of width === 1280 ? (['light', 'dark'] as const) : (['light'] as const)) {
      await page.emulateMedia({ colorScheme });
      for (const { id, impact, nodes } of await violations(page, colorScheme === 'dark' ? coloursOnly : {}))
        for (const { target, any, all, none } of nodes)
          found.add(
            `${width} px, ${colorScheme}: ${impact} ${id}: ${target.join(' ')}: ${[...any, ...all, ...none][0]?.message}`,
          );
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  return [...found];
}

/** The rules whose result depends on the theme. */
const coloursOnly: RunOptions = { runOnly: ['color-contrast', 'link-in-text-block'] };

async function violations(page: Page, options: RunOptions): Promise<AxeResults['violations']> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) await page.evaluate(axe.source);
  const all = JSON.stringify({ resultTypes: ['violations'], ...options });
  return page.evaluate<AxeResults['violations']>(`axe.run(${all}).then(({ violations }) => violations)`);
}

/** Scrolls to sections that load only when they are visible. */
async function seeEverything(page: Page): Promise<void> {
  await section(page, 'Data').scrollIntoViewIfNeeded();
  await section(page, 'Data').locator('.previews canvas').first().waitFor();
  await section(page, 'Inside').scrollIntoViewIfNeeded();
  await section(page, 'Inside').locator('pre').waitFor();
}

test('rules and room through a whole visit', async () => {
  const page = await visits.visit(long, still);
  expect.soft(await faults(page), 'at first').toEqual([]);

  await section(page, 'Draw a digit').getByRole('button', { name: 'Test images' }).click();
  await page.getByRole('listbox', { name: 'Test images' }).getByRole('option').nth(3).click();
  await seeEverything(page);
  expect.soft(await faults(page), 'with test images, data and code').toEqual([]);

  await press(page, 'Train');
  await until(page, ({ phase, step }) => phase === 'Training' && step > 3);
  await page.getByText('The curves as a table').click();
  await page.getByText('Device and memory').click();
  expect.soft(await faults(page), 'during a training').toEqual([]);

  await press(page, 'Stop');
  await untilPhase(page, 'Stopped');
  const results = section(page, 'Results');
  await results.getByRole('button', { name: 'Test', exact: true }).click();
  await results.locator('.matrix button[tabindex="0"]').click();
  await results.getByRole('button', { name: 'All mistakes' }).waitFor();
  expect.soft(await faults(page), 'after a training and a test').toEqual([]);
});

test('rules and room with errors on the page', async () => {
  const page = await visits.visit('batch=none&model=big', still);
  await page.locator('#notes').getByText('batch').waitFor();
  await page.getByLabel('Model files').setInputFiles({
    name: 'notes.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('no model'),
  });
  await page.locator('#notes [data-level="error"]').waitFor();
  await page.getByRole('textbox', { name: 'Epochs' }).fill('many');
  await page.getByRole('textbox', { name: 'Seed' }).focus();
  expect.soft(await faults(page), 'notes and a wrong setting').toEqual([]);

  const without = await (await visits.profile(still)).newPage();
  await withoutWebGpu(without);
  await without.goto(visits.address);
  await whenPredicted(without);
  await without.getByText('Details from the browser').click();
  await section(without, 'Data').scrollIntoViewIfNeeded();
  await section(without, 'Inside').scrollIntoViewIfNeeded();
  expect.soft(await faults(without), 'without WebGPU').toEqual([]);
});

// ---- keyboard ----

interface Stop {
  /** Differs for every element. */
  readonly path: string;
  readonly isVisible: boolean;
  readonly hasOutline: boolean;
}

/** The focused element; undefined if there is none. Runs in the page. */
const focused = `(() => {
  const at = document.activeElement;
  if (!at || at === document.body) return undefined;
  const { top, bottom, left, right, width } = at.getBoundingClientRect();
  const isVisible = width > 0 && bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
  // The visible part of a segmented radio button is its label.
  const hasOutline = [at, at.nextElementSibling, at.querySelector('canvas')].some(
    (one) => one && getComputedStyle(one).outlineStyle !== 'none' && parseFloat(getComputedStyle(one).outlineWidth) >= 1,
  );
  return { path: pathOf(at), isVisible, hasOutline };
})()`;

/** All elements that Tab must reach: of a group with arrow keys, one. Runs in the page. */
const stops = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.matches(':disabled, [tabindex="-1"]'))
  .filter((one) => one.type !== 'radio' || one.checked)
  .map((one) => pathOf(one))`;

const pathOf = `function pathOf(one) {
  const names = [];
  for (let at = one; at && at !== document.body; at = at.parentElement)
    names.unshift(at.id || at.tagName.toLowerCase() + ([...at.parentElement.children].indexOf(at) + 1));
  return names.join(' ') + ' ' + (one.getAttribute('aria-label') ?? one.textContent.trim().slice(0, 20));
}`;

test('Tab reaches every control visibly, and leaves the page', async () => {
  const page = await visits.visit(tiny, still);
  await train(page);
  const results = section(page, 'Results');
  await results.scrollIntoViewIfNeeded();
  await results.getByRole('button', { name: 'Test', exact: true }).click();
  await results.locator('.matrix button[tabindex="0"]').waitFor();
  await section(page, 'Draw a digit').getByRole('button', { name: 'Test images' }).click();
  await page.getByRole('listbox', { name: 'Test images' }).getByRole('option').first().waitFor();
  await seeEverything(page);
  await page.evaluate(`globalThis.pathOf = ${pathOf}`);

  const wanted = await page.evaluate<string[]>(stops);
  const reached: Stop[] = [];
  await page.locator('.skip').focus();
  // With a key, so that :focus-visible matches.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Shift+Tab');
  for (let i = 0; i < wanted.length + 20; i++) {
    const stop = await page.evaluate<Stop | undefined>(focused);
    // After the last element Tab leaves the page, then returns to its start.
    if (!stop || (reached.length > 0 && stop.path === reached[0]!.path)) break;
    reached.push(stop);
    await page.keyboard.press('Tab');
  }
  const paths = reached.map(({ path }) => path);
  expect
    .soft(
      wanted.filter((path) => !paths.includes(path)),
      'not reached',
    )
    .toEqual([]);
  expect.soft(new Set(paths).size, 'each one once').toBe(paths.length);
  const unseen = reached.filter(({ isVisible, hasOutline }) => !isVisible || !hasOutline);
  expect.soft(unseen, 'focus not seen').toEqual([]);
});

async function hasFocus(page: Page, name: string): Promise<void> {
  const at = page.locator('*:focus');
  await expect
    .poll(async () => at.getAttribute('aria-label').then(async (label) => label ?? at.innerText()))
    .toBe(name);
}

test('a visit by keyboard', async () => {
  const page = await visits.visit(long, still);
  const { keyboard } = page;
  await keyboard.press('Tab');
  await hasFocus(page, 'Skip to the content');
  await keyboard.press('Enter');
  await keyboard.press('Tab');
  await hasFocus(page, 'Drawing pad');
  // Draws a one.
  await keyboard.press('Space');
  for (let i = 0; i < 12; i++) await keyboard.press('ArrowDown');
  await keyboard.press('Space');
  await section(page, 'Draw a digit').locator('.verdict-name').getByText('1', { exact: true }).waitFor();

  // Buttons that become disabled keep the focus.
  await keyboard.press('Tab');
  await hasFocus(page, 'Undo');
  for (let i = 0; i < 5; i++) await keyboard.press('Enter');
  await hasFocus(page, 'Undo');
  await keyboard.press('Tab');
  await hasFocus(page, 'Clear');
  await keyboard.press('Enter');
  await hasFocus(page, 'Clear');

  await page.getByRole('button', { name: 'Train', exact: true }).focus();
  await keyboard.press('Enter');
  await until(page, ({ phase, step }) => phase === 'Training' && step > 3);
  await hasFocus(page, 'Pause');
  await keyboard.press('Enter');
  await untilPhase(page, 'Paused');
  await hasFocus(page, 'Resume');
  await keyboard.press('Tab');
  await hasFocus(page, 'Step');
  await keyboard.press('Space');
  await untilPhase(page, 'Paused');
  await hasFocus(page, 'Step');
  await keyboard.press('Tab');
  await hasFocus(page, 'Stop');
  await keyboard.press('Enter');
  await untilPhase(page, 'Stopped');
  await hasFocus(page, 'Stop');
  await keyboard.press('Shift+Tab');
  await keyboard.press('Shift+Tab');
  await hasFocus(page, 'Train again');

  await page.getByRole('radio', { name: 'Auto' }).focus();
  await keyboard.press('ArrowRight');
  await keyboard.press('ArrowRight');
  expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
  const slider = page.getByRole('slider', { name: 'Rotation' });
  await section(page, 'Data').scrollIntoViewIfNeeded();
  await slider.focus();
  for (let i = 0; i < 3; i++) await keyboard.press('ArrowRight');
  expect(await slider.getAttribute('aria-valuetext')).toBe('±3°');
});

// ---- announcements, motion, colours ----

test('live regions announce little while a training runs', async () => {
  const page = await visits.visit('model=mlp&limit=600&batch=4&epochs=2');
  await page.evaluate(`
    globalThis.said = [];
    globalThis.begun = performance.now();
    new MutationObserver((records) => {
      const regions = records.map(({ target }) =>
        (target instanceof Element ? target : target.parentElement)?.closest('[role=status], [role=alert], [aria-live]'));
      for (const region of new Set(regions)) if (region?.textContent) said.push(region.textContent);
    }).observe(document.body, { subtree: true, childList: true, characterData: true })`);
  const { step } = await train(page);
  expect(step).toBe(270);
  const sentences = async (): Promise<string[]> => page.evaluate('said');
  // The drawing may be announced after it.
  await expect
    .poll(async () => (await sentences()).filter((text) => text.startsWith('Finished')))
    .toEqual([
      expect.stringMatching(/^Finished: 270 steps done, loss [\d.]+, accuracy [\d.]+ %\.$/) as string,
    ]);
  const [said, ms] = await page.evaluate<[string[], number]>('[said, performance.now() - begun]');
  // Loading, compiling, training, finished; a summary every ten seconds; the prediction every one and a half seconds.
  expect(said.length, said.join('\n')).toBeLessThan(8 + ms / 1500);
  expect(said.filter((text) => text.startsWith('Training')).length).toBeLessThan(3 + ms / 10_000);
});

test('nothing moves with reduced motion', async () => {
  const moving = `[...document.querySelectorAll('*')].filter((one) => {
    const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(one);
    return /[1-9]/.test(transitionDuration) || animationName !== 'none' || scrollBehavior === 'smooth';
  }).length`;
  const page = await visits.visit();
  expect(await page.evaluate<number>(moving)).toBeGreaterThan(5);
  await page.emulateMedia(still);
  expect(await page.evaluate<number>(moving)).toBe(0);
});

test('with forced colours, selections and buttons are visible', async () => {
  const page = await visits.visit('', { forcedColors: 'active' });
  const style = async (selector: string, property: string): Promise<string> =>
    page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)}))['${property}']`);
  const canvas = await style('body', 'backgroundColor');
  expect(await style('#theme input:checked + span', 'outlineStyle')).toBe('solid');
  expect(await style('#train .button.primary', 'borderTopColor')).not.toBe(canvas);
  expect(await style('#draw .is-winner .chance-fill', 'backgroundColor')).not.toBe(canvas);
  expect(await style('#train .button[aria-disabled]', 'color')).not.toBe(
    await style('#train .button.primary', 'color'),
  );
  await seeEverything(page);
  expect(await style('#inside [aria-checked="true"]', 'outlineStyle')).toBe('solid');
  // Forced colours remove the shadows that serve as frames; the pad keeps its background.
  for (const framed of ['#draw .pad', '#draw .seen canvas', '#data .image-grid canvas', '#inside .tile'])
    expect(await style(framed, 'outlineStyle'), framed).toBe('solid');
  expect(await style('#draw .pad', 'forcedColorAdjust')).toBe('none');
  expect(await style('#data .count-bar', 'backgroundImage')).toContain('linear-gradient');
});

// The last test: it ends the browser's GPU process.
test('rules and room when the device is lost', async () => {
  const page = await visits.visit('', still);
  await crashGraphics(visits);
  await page.locator('#banners').getByText('The graphics device was lost.').waitFor();
  expect(await faults(page)).toEqual([]);
  visits.takeProblems();
});
