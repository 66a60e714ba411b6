/** User actions on the page, and readers of its texts; elements are found by role and name. */
import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright';
import { expect } from 'vitest';
import { type StoredTensor, type StoredTensors, readSafetensors } from '../../src/nn/files/safetensors.js';

export type SectionName = 'Draw a digit' | 'Train' | 'Results' | 'Data' | 'Inside';

export function section(page: Page, name: SectionName): Locator {
  return page.getByRole('region', { name, exact: true });
}

/** Opens a section with the page's navigation. */
export async function goTo(page: Page, name: SectionName): Promise<Locator> {
  const link = name === 'Draw a digit' ? 'Draw' : name;
  const sections = page.getByRole('navigation', { name: 'Sections' });
  await sections.getByRole('link', { name: link, exact: true }).click();
  return section(page, name);
}

// ---- pictures ----

/** The members of a canvas that are used here, as the DOM types are not available. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, w: number, h: number): { readonly data: Uint8ClampedArray };
  };
}

/** The red value of each pixel, which suffices for a greyscale picture. */
export async function pixelsOf(canvas: Locator): Promise<number[]> {
  return canvas.evaluate((element: unknown) => {
    const canvas = element as Canvas;
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return Array.from({ length: width * height }, (_, i) => data[4 * i]!);
  });
}

// ---- training ----

type TrainingButton = 'Train' | 'Train again' | 'Pause' | 'Resume' | 'Step' | 'Stop';

export function controls(page: Page): Locator {
  return page.getByRole('group', { name: 'Training', exact: true });
}

/** Presses a button as soon as it is enabled. */
export async function press(page: Page, name: TrainingButton): Promise<void> {
  await controls(page).getByRole('button', { name, exact: true, disabled: false }).click();
}

export function setting(page: Page, name: string): Locator {
  const form = page.getByRole('form', { name: 'Settings of the training' });
  return form.getByLabel(name, { exact: true });
}

export interface Standing {
  /** `Training`, `Paused`, `Finished`, `Stopped`, … */
  readonly phase: string;
  /** Starts at 1; 0 without a training. */
  readonly epoch: number;
  /** During a training, the step in the epoch; after it, the number of all steps. */
  readonly step: number;
}

/** The position of the training, read from its line on the page. */
export async function standing(page: Page): Promise<Standing> {
  const text = await page.locator('.training-position').innerText();
  const numberIn = (pattern: RegExp): number => Number((pattern.exec(text)?.[1] ?? '0').replaceAll(',', ''));
  const [phase = ''] = text.split(' · ');
  if (phase === 'Finished' || phase === 'Stopped')
    return { phase, epoch: 0, step: numberIn(/([\d,]+) steps/) };
  return { phase, epoch: numberIn(/epoch ([\d,]+)/), step: numberIn(/step ([\d,]+)/) };
}

export async function until(page: Page, holds: (standing: Standing) => boolean): Promise<Standing> {
  let last: Standing | undefined;
  const ask = async (): Promise<boolean> => holds((last = await standing(page)));
  await expect.poll(ask, { interval: 10, message: 'the training stands there' }).toBe(true);
  return last!;
}

export async function untilPhase(page: Page, phase: string): Promise<Standing> {
  return until(page, (now) => now.phase === phase);
}

/** Presses Step, and waits until the step is done. */
export async function stepOnce(page: Page): Promise<Standing> {
  const before = await standing(page);
  await press(page, 'Step');
  return until(page, ({ phase, step }) => phase === 'Paused' && step !== before.step);
}

/** Trains to the end. */
export async function train(page: Page): Promise<Standing> {
  await controls(page)
    .getByRole('button', { name: /^Train/, disabled: false })
    .click();
  return untilPhase(page, 'Finished');
}

/** The rows of the tables of epochs and of steps, including their headers. */
export async function history(page: Page): Promise<string[][]> {
  const details = section(page, 'Train').locator('details', { hasText: 'The curves as a table' });
  if ((await details.getAttribute('open')) === null) await details.getByText('The curves as a table').click();
  const tables = details.getByRole('table');
  await expect.poll(async () => tables.count()).toBe(2);
  return Promise.all((await tables.all()).map(async (table) => table.getByRole('row').allInnerTexts()));
}

// ---- notes ----

export function note(page: Page, text: string | RegExp): Locator {
  return page.locator('#notes').getByText(text);
}

// ---- models ----

export interface DownloadedModel {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly stored: StoredTensors;
  /** The tensors as text: equal only for equal bits. */
  readonly bits: string;
}

/** Presses Download, and reads the file. */
export async function download(page: Page): Promise<DownloadedModel> {
  const begun = page.waitForEvent('download');
  await section(page, 'Train').getByRole('button', { name: 'Download', exact: true }).click();
  const file = await begun;
  const bytes = new Uint8Array(readFileSync(await file.path()));
  const name = file.suggestedFilename();
  const stored = readSafetensors(bytes, name);
  return { name, bytes, stored, bits: bitsOf(stored) };
}

/** The largest change of a weight between two files of one model. */
export function largestChange(from: StoredTensors, to: StoredTensors): number {
  const changes = [...from.tensors].flatMap(([name, { data }]) => {
    const after = to.tensors.get(name)!.data;
    if (!isWeight(name)) return [];
    return [...data].map((value, i) => Math.abs(Number(value) - Number(after[i])));
  });
  return changes.reduce((most, change) => Math.max(most, change), 0);
}

/** The tensors, including optimizer slots, as text: equal only for equal bits. */
export function bitsOf({ tensors }: StoredTensors): string {
  return textOf([...tensors]);
}

/** The weights as text: equal only for equal bits. */
export function weightBitsOf({ tensors }: StoredTensors): string {
  return textOf([...tensors].filter(([name]) => isWeight(name)));
}

/** A weight is named like `conv2d/kernel`; the names of optimizer slots have one more part. */
function isWeight(name: string): boolean {
  return name.split('/').length === 2;
}

function textOf(tensors: readonly [string, StoredTensor][]): string {
  return tensors
    .map(([name, { dtype, shape, data }]) => {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return `${name} ${dtype} [${shape.join()}] ${bytes.toString('base64')}`;
    })
    .sort()
    .join('\n');
}
