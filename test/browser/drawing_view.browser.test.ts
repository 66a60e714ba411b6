/**
 * The drawing view, with a real pointer, finger and keyboard, and the worker's predictions by a small model:
 *
 *   first      the pad shows an example with its prediction before any input, and predicts it again for another model
 *   mouse      a stroke replaces the example and is predicted while it is drawn, one prediction at a time, the final state
 *              last; the picture does not depend on the pad's size; undo, clear, undo of clear; the right button does nothing
 *   touch      a finger draws, a second one does not, and the page does not scroll
 *   keyboard   arrow keys and space draw; test images by arrow keys, by class, more of them
 *   pictures   a PNG that is uploaded, dropped or pasted gives the same as `digitImage`; a broken file shows an error
 *   result     the small picture, ten rows, the most likely class marked, and announced when drawing has ended
 *   learning   number keys choose, the button learns, before and after are shown; not without a device or after a loss; the
 *              next correction clears the outcome
 *   clothes    class names instead of digits, a note on drawings, a test image instead of the example
 *   sizes      images that do not have the model's input size are not predicted
 *   axe        finds no violation
 */
import axe from 'axe-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cdp } from 'vitest/browser';
import { digitImage } from '../../src/data/digit_image.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/model.js';
import { pcg4d, uniform } from '../../src/random.js';
import type { Images, ModelInfo, PictureData, Prediction } from '../../web/protocol.js';
import { drawingView } from '../../web/views/drawing.js';
import type { Context } from '../../web/worker/context.js';
import { predicting } from '../../web/worker/predicting.js';
import { type FakeApp, fakeApp, statusOf } from './fake_app.js';

const digits = [...'0123456789'];
const clothes = [
  'T-shirt',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Boot',
];

let root: HTMLElement;
let app: FakeApp;

/** A model that computes in JavaScript; its output depends on every pixel. */
function hostContext(): Context {
  const model = sequential([
    flatten({ inputShape: [28, 28, 1] }),
    dense({ units: 10, activation: 'softmax' }),
  ]);
  const kernel = Float32Array.from({ length: 7840 }, (_, i) => uniform(pcg4d(3, 0, 0, i)[0]) - 0.5);
  const weights = new Map([
    ['dense/kernel', kernel],
    ['dense/bias', new Float32Array(10)],
  ]);
  const current = { model, classNames: digits, weights: async () => weights, onReplaced: () => undefined };
  return { device: { current: undefined }, current } as unknown as Context;
}

function modelInfo(classNames: readonly string[] = digits, version = 1): ModelInfo {
  return {
    version,
    name: 'tiny',
    origin: 'shipped',
    parameterCount: 7850,
    inputShape: [28, 28, 1],
    classNames,
    layers: [],
  };
}

/** `count` images of a class that differ in their first pixel. */
function images(count: number, label: number | null, seed: number): Images & { indices: number[] } {
  const labels = Uint8Array.from({ length: count }, (_, i) => label ?? i % 10);
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => {
    if (i % 784 === 0) return seed * 50 + Math.floor(i / 784);
    return i % 28 === 5 + labels[Math.floor(i / 784)]! ? 255 : 0;
  });
  const indices = Array.from({ length: count }, (_, i) => i);
  return { pixels, labels, count, height: 28, width: 28, channels: 1, indices };
}

let underWay = 0;
let mostUnderWay = 0;

beforeEach(async () => {
  root = document.createElement('section');
  root.id = 'draw';
  root.style.width = '360px';
  document.body.replaceChildren(root);
  app = fakeApp();
  const api = predicting(hostContext());
  underWay = mostUnderWay = 0;
  const given = (): unknown => app.calls.at(-1)![1];
  app.answers['predicting.drawing'] = async () => {
    mostUnderWay = Math.max(mostUnderWay, ++underWay);
    const answer = await api.drawing(given() as PictureData);
    await new Promise((resolve) => setTimeout(resolve, 5));
    underWay--;
    return answer;
  };
  app.answers['predicting.image'] = () => api.image(given() as Uint8Array<ArrayBuffer>);
  app.answers['predicting.upload'] = () => api.upload(given() as File);
  app.answers['data.samples'] = () => {
    const { count, label, seed } = given() as { count: number; label: number | null; seed: number };
    return images(count, label, seed);
  };
  drawingView(root, app);
  app.state.device.set({
    info: { name: 'x', vendor: '', architecture: '', family: 'gpu', subgroupSize: 0, hasTimestamps: false },
    problem: null,
  });
  app.state.model.set(modelInfo());
  await predicted();
});

afterEach(() => {
  expect(app.said).toEqual([]);
});

/** Waits until the content of the pad has been predicted. */
async function predicted(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 120));
  await expect.poll(() => underWay).toBe(0);
}

function get(selector: string): HTMLElement {
  const found = root.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`there is no ${selector}`);
  return found;
}

function button(name: string): HTMLButtonElement {
  const found = [...root.querySelectorAll('button')].find(({ textContent }) => textContent === name);
  if (!found) throw new Error(`there is no button '${name}'`);
  return found;
}

const drawings = (): PictureData[] =>
  app.calls.filter(([name]) => name === 'predicting.drawing').map(([, picture]) => picture as PictureData);

/** Number of black pixels in the picture that was sent. */
const inkOf = ({ rgba }: PictureData): number =>
  rgba.reduce((sum, value, i) => sum + (i % 4 === 0 && value < 128 ? 1 : 0), 0);

const current = (): Prediction | null => app.image.value?.prediction ?? null;

// ---- real pointer events ----

type Place = readonly [x: number, y: number];

/** Converts positions in units of the pad's side to pixels of the window, which contains the tests in a frame. */
function onScreen([x, y]: Place): { x: number; y: number } {
  const pad = get('.pad-canvas').getBoundingClientRect();
  const frame = window.frameElement?.getBoundingClientRect();
  const scale = frame ? frame.width / window.innerWidth : 1;
  return {
    x: (frame?.left ?? 0) + (pad.left + x * pad.width) * scale,
    y: (frame?.top ?? 0) + (pad.top + y * pad.height) * scale,
  };
}

/** The Chrome DevTools Protocol; Vitest's type for it is empty. */
async function send(method: string, options: object): Promise<void> {
  await (cdp() as unknown as { send(name: string, given: object): Promise<void> }).send(method, options);
}

async function mouse(type: string, place: Place, name: 'left' | 'right' = 'left'): Promise<void> {
  const isUp = type === 'mouseReleased' || type === 'mouseMoved';
  await send('Input.dispatchMouseEvent', {
    type,
    ...onScreen(place),
    button: name,
    buttons: isUp && type === 'mouseReleased' ? 0 : 1,
    clickCount: 1,
    pointerType: 'mouse',
  });
}

async function drawByMouse(places: readonly Place[]): Promise<void> {
  await mouse('mousePressed', places[0]!);
  for (const place of places.slice(1)) await mouse('mouseMoved', place);
  await mouse('mouseReleased', places.at(-1)!);
}

async function touch(type: string, places: readonly Place[]): Promise<void> {
  const touchPoints = places.map((place, id) => ({ ...onScreen(place), id }));
  await send('Input.dispatchTouchEvent', { type, touchPoints });
}

const down: readonly Place[] = [
  [0.5, 0.2],
  [0.5, 0.4],
  [0.5, 0.6],
  [0.5, 0.8],
];

test('an example is predicted before any input, and again by another model', async () => {
  expect(drawings()).toHaveLength(1);
  expect(inkOf(drawings()[0]!)).toBeGreaterThan(1000);
  expect(app.image.value).toMatchObject({ source: 'drawing', label: null });
  expect(current()!.input).toHaveLength(784);
  expect(current()!.by).toBe('cpu');
  app.state.model.set(modelInfo(digits, 2));
  await predicted();
  expect(drawings()).toHaveLength(2);
  expect(drawings()[1]).toEqual(drawings()[0]);
});

test('a mouse draws, and the final drawing is predicted last', async () => {
  const example = drawings()[0]!;
  expect(button('Undo').ariaDisabled).toBe('true');
  await drawByMouse(down);
  await predicted();
  const last = drawings().at(-1)!;
  expect(drawings().length).toBeGreaterThan(1);
  expect(mostUnderWay).toBe(1);
  // A line of width 0.07 and length 0.6 with round ends, and nothing of the example.
  const [length, width] = [0.6 * 280, 0.07 * 280];
  const expected = length * width + (Math.PI * width ** 2) / 4;
  expect(inkOf(last)).toBeGreaterThan(0.97 * expected);
  expect(inkOf(last)).toBeLessThan(1.03 * expected);
  expect(current()!.input).toEqual(digitImage({ data: last.rgba, width: 280, height: 280, channels: 4 }));

  await drawByMouse([
    [0.3, 0.5],
    [0.7, 0.5],
  ]);
  await predicted();
  expect(inkOf(drawings().at(-1)!)).toBeGreaterThan(inkOf(last));
  button('Undo').click();
  await predicted();
  expect(drawings().at(-1)).toEqual(last);
  button('Clear').click();
  await predicted();
  expect(app.image.value).toBeNull();
  expect(get('.verdict-name').textContent).toBe('–');
  expect(button('Clear').ariaDisabled).toBe('true');
  button('Undo').click();
  await predicted();
  expect(drawings().at(-1)).toEqual(last);
  button('Undo').click();
  await predicted();
  expect(drawings().at(-1)).toEqual(example);
  expect(button('Undo').ariaDisabled).toBe('true');
});

test('a drawing does not depend on the size of the pad; the right button draws nothing', async () => {
  await drawByMouse(down);
  await predicted();
  const first = drawings().at(-1)!;
  button('Clear').click();
  root.style.width = '300px';
  await predicted();
  await drawByMouse(down);
  await predicted();
  const { input } = current()!;
  const same = digitImage({ data: first.rgba, width: 280, height: 280, channels: 4 });
  // Pointer positions are integers, so the drawings differ by less than a pixel.
  const differences = same.reduce((sum, value, i) => sum + Math.abs(value - input[i]!), 0);
  expect(differences).toBeLessThan(0.05 * same.reduce((sum, value) => sum + value, 0));
  const count = drawings().length;
  await mouse('mousePressed', [0.2, 0.2], 'right');
  await mouse('mouseReleased', [0.2, 0.2], 'right');
  await predicted();
  expect(drawings()).toHaveLength(count);
});

test('the canvas has the resolution of the screen', async () => {
  const canvas = get('.pad-canvas') as HTMLCanvasElement;
  expect(canvas.width).toBe(Math.round(canvas.clientWidth * devicePixelRatio));
  root.style.width = '300px';
  await expect.poll(() => canvas.width).toBe(Math.round(canvas.clientWidth * devicePixelRatio));
  expect(canvas.clientWidth).toBeLessThanOrEqual(300);
});

test('a finger draws, a second one does not, and nothing scrolls', async () => {
  document.body.style.minHeight = '3000px';
  await touch('touchStart', [[0.5, 0.2]]);
  await touch('touchMove', [[0.5, 0.5]]);
  await touch('touchStart', [
    [0.5, 0.5],
    [0.1, 0.1],
  ]);
  await touch('touchMove', [
    [0.5, 0.8],
    [0.1, 0.4],
  ]);
  await touch('touchEnd', []);
  await predicted();
  const { rgba } = drawings().at(-1)!;
  const at = (x: number, y: number): number => rgba[4 * (Math.round(y * 280) * 280 + Math.round(x * 280))]!;
  expect([at(0.5, 0.3), at(0.5, 0.75)]).toEqual([0, 0]);
  expect([at(0.1, 0.1), at(0.1, 0.3)]).toEqual([255, 255]);
  expect(window.scrollY).toBe(0);
  document.body.style.minHeight = '';
});

const key = (name: string, target: Element = document.activeElement!, more: KeyboardEventInit = {}): void => {
  target.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more }));
};

test('arrow keys and the space bar draw', async () => {
  const canvas = get('.pad-canvas');
  canvas.focus();
  const count = drawings().length;
  key('ArrowDown');
  await predicted();
  expect(drawings()).toHaveLength(count);
  key(' ');
  expect(get('[role="status"].sr-only').textContent).toBe('Pen down');
  for (let i = 0; i < 8; i++) key('ArrowDown');
  key('ArrowRight', canvas, { shiftKey: true });
  key(' ');
  expect(get('[role="status"].sr-only').textContent).toBe('Pen lifted');
  key('ArrowLeft');
  await predicted();
  const { rgba } = drawings().at(-1)!;
  const at = (x: number, y: number): number => rgba[4 * (Math.round(y * 280) * 280 + Math.round(x * 280))]!;
  expect([at(0.5, 0.35), at(0.5, 0.65)]).toEqual([0, 0]);
  expect(at(0.5, 0.8)).toBe(255);
  key('z', canvas, { ctrlKey: true });
  await predicted();
  expect(drawings().at(-1)).toEqual(drawings()[0]);
});

test('the keyboard picks test images: the grid, a class, more images', async () => {
  const toggle = button('Test images');
  toggle.click();
  expect(toggle.getAttribute('aria-expanded')).toBe('true');
  await expect.poll(() => document.activeElement!.getAttribute('role')).toBe('option');
  expect(app.calls.at(-1)).toEqual(['data.samples', { part: 'test', count: 24, label: null, seed: 1 }]);
  key('ArrowRight');
  await predicted();
  expect(app.image.value).toMatchObject({ source: 'test', label: 1 });
  expect(app.image.value!.input[0]).toBe(51);
  key('ArrowDown');
  await predicted();
  const columns = getComputedStyle(get('.samples')).gridTemplateColumns.split(' ').length;
  expect(app.image.value!.input[0]).toBe(51 + columns);
  expect(root.querySelectorAll('[aria-selected="true"]')).toHaveLength(1);
  expect(document.activeElement!.getAttribute('aria-selected')).toBe('true');

  const choice = get('select') as HTMLSelectElement;
  choice.value = '4';
  choice.dispatchEvent(new Event('change', { bubbles: true }));
  await expect.poll(() => get('[role="option"]').getAttribute('aria-label')).toBe('4');
  button('Show more').click();
  await expect
    .poll(() => app.calls.at(-1))
    .toEqual(['data.samples', { part: 'test', count: 24, label: 4, seed: 2 }]);
  get('[role="option"]').click();
  await predicted();
  expect(app.image.value).toMatchObject({ source: 'test', label: 4 });
  expect(app.image.value!.input[0]).toBe(100);
  const picked = app.image.value!.input;
  // Its label is shown, and it cannot be learned.
  expect((get('input:checked') as HTMLInputElement).value).toBe('4');
  expect(button('Learn from this drawing').ariaDisabled).toBe('true');
  expect(get('.outcome').textContent).toMatch(/^Test images are never learned/);
  // A drawing replaces the picture, and undo restores it.
  await drawByMouse(down);
  await predicted();
  expect(app.image.value!.source).toBe('drawing');
  button('Undo').click();
  await predicted();
  expect(app.image.value!.input).toEqual(picked);
});

/** A PNG of a dark bar on white, and its pixels. */
async function bar(): Promise<{ file: File; expected: Uint8Array }> {
  const context = new OffscreenCanvas(90, 120).getContext('2d')!;
  context.fillStyle = 'white';
  context.fillRect(0, 0, 90, 120);
  context.fillStyle = '#222';
  context.fillRect(30, 20, 14, 80);
  const { data } = context.getImageData(0, 0, 90, 120);
  const file = new File([await context.canvas.convertToBlob()], 'bar.png', { type: 'image/png' });
  return { file, expected: digitImage({ data, width: 90, height: 120, channels: 4 }) };
}

function transferOf(file: File): DataTransfer {
  const transfer = new DataTransfer();
  transfer.items.add(file);
  return transfer;
}

/** The ways to open a picture; each returns whether the view has prevented the browser's default action. */
const ways: Readonly<Record<string, (file: File) => boolean>> = {
  chosen: (file) => {
    const input = get('input[type="file"]') as HTMLInputElement;
    input.files = transferOf(file).files;
    input.dispatchEvent(new Event('change'));
    return true;
  },
  dropped: (file) => {
    const options = { dataTransfer: transferOf(file), bubbles: true, cancelable: true };
    return !get('.pad-canvas').dispatchEvent(new DragEvent('drop', options));
  },
  pasted: (file) => {
    const options = { clipboardData: transferOf(file), bubbles: true, cancelable: true };
    return !document.body.dispatchEvent(new ClipboardEvent('paste', options));
  },
};

test.each(Object.keys(ways))('a picture that is %s is predicted as a digit', async (way) => {
  const { file, expected } = await bar();
  expect(ways[way]!(file)).toBe(true);
  await expect.poll(() => app.image.value!.source).toBe('upload');
  expect(app.image.value!.input).toEqual(expected);
  expect(app.image.value!.label).toBeNull();
});

test('a file that is not a picture shows an error', async () => {
  ways['chosen']!(new File(['no'], 'no.jpg', { type: 'image/jpeg' }));
  await expect.poll(() => app.said).toHaveLength(1);
  expect(app.said[0]).toMatch(/^no\.jpg: is not a picture/);
  app.said.length = 0;
});

test('the result is shown and announced', async () => {
  await drawByMouse(down);
  await predicted();
  const { probabilities, input } = current()!;
  const winner = probabilities.indexOf(Math.max(...probabilities));
  const seen = get('.seen canvas') as HTMLCanvasElement;
  expect([seen.width, seen.height]).toEqual([28, 28]);
  const { data } = seen.getContext('2d')!.getImageData(0, 0, 28, 28);
  expect(data.filter((_, i) => i % 4 === 0)).toEqual(new Uint8ClampedArray(input));
  const rows = [...root.querySelectorAll<HTMLElement>('.chance')];
  expect(rows.map((row) => row.querySelector('dt')!.textContent)).toEqual(digits);
  expect(rows.findIndex((row) => row.classList.contains('is-winner'))).toBe(winner);
  const { width } = rows[winner]!.querySelector<HTMLElement>('.chance-fill')!.style;
  expect(Number.parseFloat(width)).toBeCloseTo(probabilities[winner]! * 100, 2);
  expect(get('.verdict-name').textContent).toBe(String(winner));
  const live = get('[role="status"].sr-only');
  await expect.poll(() => live.textContent).toMatch(new RegExp(`^${winner}, \\d`));
  button('Clear').click();
  expect(live.textContent).toBe('');
  await expect.poll(() => live.textContent).toBe('The pad is empty.');
  button('Undo').click();
  await expect.poll(() => live.textContent).toMatch(new RegExp(`^${winner}, \\d`));
});

test('a correction is learned, before and after are shown', async () => {
  const learn = button('Learn from this drawing');
  expect(learn.ariaDisabled).toBe('true');
  const before = current()!;
  const after = {
    ...before,
    probabilities: Float32Array.from({ length: 10 }, (_, i) => (i === 4 ? 0.82 : 0.02)),
  };
  app.answers['predicting.correct'] = async () => {
    app.state.model.set(modelInfo(digits, 2));
    return { before, after, isCorrected: true, rehearsed: 255, forgotten: 2 };
  };
  app.answers['predicting.drawing'] = async () => after;
  key('4', get('.pad-canvas'));
  expect((get('input:checked') as HTMLInputElement).value).toBe('4');
  learn.click();
  await expect
    .poll(() => get('.outcome').textContent)
    .toMatch(/^Learned: 4 from .* % to 82\.0 %\..* Now wrong on 2 of the 255 rechecked images\.$/);
  expect(app.calls.find(([name]) => name === 'predicting.correct')).toEqual([
    'predicting.correct',
    before.input,
    4,
  ]);
  await predicted();
  expect(get('.verdict-name').textContent).toBe('4');
  // A mark at the previous value of each row that has changed.
  const moved = digits.filter(
    (_, i) => Math.abs(before.probabilities[i]! - after.probabilities[i]!) >= 0.005,
  );
  const marks = [...root.querySelectorAll<HTMLElement>('.chance-before:not([hidden])')];
  expect(marks).toHaveLength(moved.length);
  const firstMoved = before.probabilities[Number(moved[0])]!;
  expect(Number.parseFloat(marks[0]!.style.left)).toBeCloseTo(firstMoved * 100, 2);
  expect(app.image.value!.label).toBe(4);
  // The marks disappear when the pad changes.
  await drawByMouse(down);
  await predicted();
  expect(root.querySelectorAll('.chance-before:not([hidden])')).toHaveLength(0);
  expect(get('.outcome').textContent).toBe('');
  expect(root.querySelector('input:checked')).toBeNull();
});

test('the outcome of a correction disappears when the next one starts', async () => {
  const learn = button('Learn from this drawing');
  const before = current()!;
  app.answers['predicting.correct'] = () => ({
    before,
    after: before,
    isCorrected: false,
    rehearsed: 9,
    forgotten: 3,
  });
  key('4', get('.pad-canvas'));
  learn.click();
  await expect.poll(() => get('.outcome').textContent).toMatch(/^Not learned: /);
  app.answers['predicting.correct'] = () => {
    throw new Error('it went wrong');
  };
  await expect.poll(() => learn.textContent).toBe('Learn from this drawing');
  learn.click();
  await expect.poll(() => app.said.splice(0)).toEqual(['it went wrong']);
  expect(get('.outcome').textContent).toBe('');
});

test('nothing can be learned without a device', async () => {
  app.state.device.set({ info: null, problem: 'none' });
  expect(get('.correction').hidden).toBe(true);
});

test('while the device is lost, JavaScript predicts and nothing can be learned', async () => {
  const learn = button('Learn from this drawing');
  key('4', get('.pad-canvas'));
  expect(learn.ariaDisabled).toBe(null);
  app.state.status.set(statusOf('lost'));
  expect(learn.ariaDisabled).toBe('true');
  await drawByMouse(down);
  await predicted();
  expect(get('.how').textContent).toMatch(/computed in JavaScript$/);
  app.state.status.set(statusOf('paused'));
  key('4', get('.pad-canvas'));
  expect(learn.ariaDisabled).toBe(null);
});

test('a model of clothes: class names, and a test image instead of the example', async () => {
  app.state.model.set(modelInfo(clothes, 2));
  await expect.poll(() => app.image.value?.source).toBe('test');
  expect(get('.note').hidden).toBe(false);
  expect(get('.note').textContent).toContain('T-shirt, Trouser and 8 more');
  const rows = [...root.querySelectorAll('.chance dt')];
  expect(rows.map(({ textContent }) => textContent)).toEqual(clothes);
  expect(get('.segmented').textContent).toBe(`What it is${clothes.join('')}`);
});

test('a model whose input size differs from the test images: a warning, and the pad is cleared', async () => {
  app.state.model.set({ ...modelInfo(clothes, 2), inputShape: [8, 8, 3] });
  await predicted();
  expect(app.image.value).toBeNull();
  expect(app.calls.filter(([name]) => name === 'predicting.image')).toEqual([]);
  expect(app.said.splice(0)).toEqual([
    'Model tiny takes 8×8×3 images, but these are 28×28×1. Choose matching images under Train.',
  ]);
});

test('clothes without test images: an empty pad, and predictions of drawings with a caveat', async () => {
  app.answers['data.samples'] = () => {
    throw new Error('there are none');
  };
  app.state.model.set(modelInfo(clothes, 2));
  await expect.poll(() => get('.verdict-name').textContent).toBe('–');
  expect(button('Undo').ariaDisabled).toBe('true');
  await drawByMouse(down);
  const live = get('[role="status"].sr-only');
  await expect.poll(() => live.textContent).toMatch(/ %\. This model does not know digits$/);
  button('Clear').click();
  app.state.model.set(modelInfo(digits, 3));
  await predicted();
  // A pad that the user cleared stays empty; the page's own empty sheet would be replaced by the example again.
  expect(app.image.value).toBeNull();
});

test('NaN is not a prediction, visibly or announced', async () => {
  const before = current()!;
  app.answers['predicting.drawing'] = async () => ({
    ...before,
    probabilities: Float32Array.from({ length: 10 }, (_, i) => (i === 3 ? NaN : 0.1)),
  });
  app.state.model.set(modelInfo(digits, 2));
  await expect.poll(() => get('.verdict-share').textContent).toBe('NaN');
  expect(get('.how').textContent).toMatch(/^The network outputs NaN\. Its training probably diverged\. /);
  const live = get('[role="status"].sr-only');
  await expect.poll(() => live.textContent).toBe('The network outputs NaN.');
});

test('axe finds no violation', async () => {
  button('Test images').click();
  await expect.poll(() => root.querySelectorAll('[role="option"]')).toHaveLength(24);
  const { violations } = await axe.run(root, { rules: { region: { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
});
