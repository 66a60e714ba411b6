/**
 * The section Inside, in Chromium with a fake worker (web/views/inside.ts):
 *   makes no requests while it is out of view; then one for each part, and again for what has changed
 *   filters: a pixel per weight, zero is the background, signs differ in colour; selected by mouse and keyboard; none
 *   activations: follow the latest image; layers stay open if another model has the same ones; drawn when opened; units as
 *                bars; no requests for images of another size
 *   kernels: grouped by layer with sums, sorted, one direction, without times; measured again; errors are shown
 *   WGSL: of a row, of a layer, of the softmax; inserted as text; copied
 *   without a device, and after a loss: a text, and no calls
 *   axe finds no violation
 */
import axe from 'axe-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { App, Cause, CurrentImage, RemoteWorker } from '../../web/app.js';
import type {
  InspectingApi,
  KernelRow,
  LayerActivation,
  ModelInfo,
  Settings,
  TrainingStatus,
  WorkerEvents,
} from '../../web/protocol.js';
import { Store } from '../../web/store.js';
import { insideView } from '../../web/views/inside.js';
import { emptyState } from './fake_app.js';

type KernelTable = Awaited<ReturnType<InspectingApi['kernels']>>;

const paper = [255, 255, 255];
const blue = [0, 104, 168];
const orange = [194, 79, 0];

const model: ModelInfo = {
  version: 1,
  name: 'little',
  origin: 'shipped',
  parameterCount: 100,
  inputShape: [2, 2, 1],
  classNames: ['cat', 'dog'],
  layers: [
    { name: 'conv2d', className: 'Conv2D', outputShape: [2, 2, 3], parameterCount: 6 },
    { name: 'flatten', className: 'Flatten', outputShape: [12], parameterCount: 0 },
    { name: 'dense', className: 'Dense', outputShape: [2], parameterCount: 26 },
  ],
};

/** [1,2,1,3]: the filters (1, 0), (−1, 0.5), (0, 0.25). */
const filters = { shape: [1, 2, 1, 3], values: Float32Array.of(1, -1, 0, 0, 0.5, 0.25) };

function activationsOf(input: Uint8Array): LayerActivation[] {
  const x = Float32Array.from(input, (byte) => byte / 255);
  const maps = Float32Array.from({ length: 12 }, (_, i) => x[Math.floor(i / 3)]! * [1, 0, -2][i % 3]!);
  return [
    { layer: 'input', className: 'Input', shape: [2, 2, 1], values: x },
    { layer: 'conv2d', className: 'Conv2D', shape: [2, 2, 3], values: maps },
    { layer: 'flatten', className: 'Flatten', shape: [12], values: maps },
    { layer: 'dense', className: 'Dense', shape: [2], values: Float32Array.of(-3, 1) },
    { layer: 'dense', className: 'Softmax', shape: [2], values: Float32Array.of(0.25, 0.75) },
  ];
}

function kernel(
  index: number,
  scopes: string[],
  shader: string,
  ms: number,
  more: Partial<KernelRow> = {},
): KernelRow {
  return {
    index,
    scopes,
    isBackward: false,
    label: shader,
    shader,
    variant: 'gpu',
    shapes: '[1,2,2,1]',
    workgroups: [2, 1, 1],
    ms,
    gflops: null,
    gbytes: null,
    ...more,
  };
}

const table: KernelTable = {
  of: 'training',
  totalMs: 8,
  rows: [
    kernel(0, ['conv2d'], 'conv2d/forward_gpu', 1, { label: 'conv2d/forward + relu/forward', gflops: 12.5 }),
    kernel(1, ['dense'], 'matmul/forward', 2),
    kernel(2, ['loss'], 'softmax_cross_entropy/forward', 0.5),
    kernel(3, ['conv2d'], 'conv2d/kernel_gradient', 4, { isBackward: true }),
    kernel(4, ['optimizer'], 'rmsprop/update', 0.5),
  ],
};

const sourceOf = (index: number): string =>
  `// kernel ${index}\nconst N: u32 = ${index}; //! <img src=x onerror=alert(1)>\nfn main() {\n  a & b < c;\n}\n`;

const settings = { model: 'simple', batchSize: 32 } as Settings;
const status = (phase: TrainingStatus['phase']): TrainingStatus => ({ phase, settings }) as TrainingStatus;
const image = (...bytes: number[]): CurrentImage => ({
  input: Uint8Array.from(bytes),
  label: null,
  source: 'drawing',
  prediction: null,
});

/** The view with a worker that records its calls. */
class Page {
  readonly root = document.createElement('section');
  readonly said: string[] = [];
  readonly calls = { filters: 0, kernels: 0, activations: [] as number[][], source: [] as number[] };
  filters: Awaited<ReturnType<InspectingApi['filters']>> = filters;
  table: () => KernelTable = () => table;
  activations = activationsOf;
  readonly image = new Store<CurrentImage | null>(null);
  readonly state = emptyState();

  constructor() {
    this.root.id = 'inside';
    const heading = document.createElement('h2');
    heading.textContent = 'Inside';
    this.root.append(heading);
    document.body.append(this.root);
  }

  start(): void {
    const { calls } = this;
    const inspecting: InspectingApi = {
      filters: async () => {
        calls.filters++;
        return this.filters;
      },
      activations: async (input) => {
        calls.activations.push([...input]);
        return this.activations(input);
      },
      kernels: async () => {
        calls.kernels++;
        return this.table();
      },
      source: async (index) => {
        calls.source.push(index);
        return sourceOf(index);
      },
    };
    const app: App = {
      worker: { inspecting, tuning: { stored: async () => null } } as unknown as RemoteWorker,
      state: this.state,
      settings: new Store(settings),
      image: this.image,
      busy: new Store<ReadonlySet<Cause>>(new Set()),
      say: (text) => void this.said.push(text),
      settle: () => undefined,
      attempt: async (_, work) => {
        try {
          await work();
        } catch (error) {
          this.said.push(String(error));
        }
      },
    };
    insideView(this.root, app);
  }

  /** The state after the start of a visit. */
  tell({ hasTimestamps = true } = {}): void {
    const info = { name: 'a card', hasTimestamps } as WorkerEvents['device']['info'];
    this.state.device.set({ info, problem: null });
    this.state.model.set(model);
    this.image.set(image(255, 0, 0, 51));
  }

  all(selector: string): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>(selector)];
  }

  get(selector: string): HTMLElement {
    const found = this.root.querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`there is no ${selector}`);
    return found;
  }

  button(name: string): HTMLButtonElement {
    const found = this.all('button').find(
      (button) => (button.getAttribute('aria-label') ?? button.textContent) === name,
    );
    if (!found) throw new Error(`there is no button '${name}'`);
    return found as HTMLButtonElement;
  }

  layer(name: string): HTMLDetailsElement {
    const found = this.all('.layers > details').find(
      (details) => details.querySelector('.name')?.textContent === name,
    );
    if (!found) throw new Error(`there is no layer '${name}'`);
    return found as HTMLDetailsElement;
  }

  /** The table's rows: `# conv2d 5.00` for a layer, then the files of its kernels. */
  lines(): string[] {
    return this.all('.kernels tbody tr').map((row) =>
      row.classList.contains('group')
        ? `# ${row.querySelector('th')!.firstChild!.textContent} ${row.querySelector('.number')!.textContent}`
        : row.querySelector('.kernel')!.textContent,
    );
  }

  async isReady(): Promise<void> {
    await expect.poll(() => this.all('.shader:not([hidden]) .line').length).toBeGreaterThan(0);
    await expect.poll(() => this.all('.layers > details').length).toBe(5);
    await expect.poll(() => this.all('.tile').length).toBeGreaterThan(3);
  }
}

/** The RGB values of a canvas pixel. */
function pixel(canvas: HTMLElement, x: number, y: number): number[] {
  const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(x, y, 1, 1);
  return Array.from(data.subarray(0, 3));
}

/** Halfway between the background and a colour, rounded to one of 255 steps. */
const half = (colour: readonly number[]): number[] =>
  colour.map((value) => Math.round(255 + ((value - 255) * 128) / 255));

function press(target: Element, key: string): void {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}

/** Long enough for unwanted requests to arrive. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 400));

let page: Page;
beforeEach(() => {
  const colours = { paper: '#ffffff', ink: '#1a1f26', blue: '#0068a8', orange: '#c24f00' };
  for (const [name, value] of Object.entries(colours))
    document.documentElement.style.setProperty(`--${name}`, value);
  page = new Page();
});
afterEach(() => page.root.remove());

describe('requests', () => {
  test('are made once for each part, when the section becomes visible', async () => {
    page.root.style.marginTop = '5000px';
    page.start();
    page.tell();
    await aWhile();
    expect(page.calls).toEqual({ filters: 0, kernels: 0, activations: [], source: [] });
    page.root.style.marginTop = '0';
    await page.isReady();
    await aWhile();
    expect(page.calls).toEqual({ filters: 1, kernels: 1, activations: [[255, 0, 0, 51]], source: [0] });
  });

  test('are repeated when weights, image or training have changed', async () => {
    page.start();
    page.tell();
    await page.isReady();
    page.state.model.set({ ...model, version: 2 });
    await expect.poll(() => page.calls.filters).toBe(2);
    await expect.poll(() => page.calls.activations.length).toBe(2);
    expect(page.calls.kernels, 'the same kernels').toBe(1);
    for (const phase of ['compiling', 'training', 'training', 'paused'] as const) {
      page.state.status.set(status(phase));
      await aWhile();
    }
    expect(page.calls.kernels, 'those of the step, once').toBe(2);
    page.state.status.set(status('finished'));
    await aWhile();
    expect(page.calls, 'what was measured stands').toMatchObject({ kernels: 2, filters: 2 });
  });

  test('are made only for the latest of many images', async () => {
    page.start();
    page.tell();
    await page.isReady();
    const begun = performance.now();
    for (let i = 0; i < 50; i++) {
      page.image.set(image(i, i, i, i));
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    const ms = performance.now() - begun;
    await expect.poll(() => page.calls.activations.at(-1)).toEqual([49, 49, 49, 49]);
    // One per 120 ms: the first image, and the last one.
    expect(page.calls.activations.length).toBeLessThanOrEqual(3 + ms / 120);
  });

  test('keep layers open if another model has the same layer', async () => {
    page.start();
    page.tell();
    await page.isReady();
    const chosen = () =>
      page.all('[aria-label="Maps of conv2d"] .tile').map((tile) => tile.getAttribute('aria-checked'));
    page.all('[aria-label="Maps of conv2d"] .tile')[1]!.click();
    page.layer('flatten').open = true;
    page.activations = (input) => [
      ...activationsOf(input).slice(0, 2),
      { layer: 'extra', className: 'Dense', shape: [2], values: Float32Array.of(1, 2) },
      ...activationsOf(input).slice(2),
    ];
    page.state.model.set({ ...model, version: 2 });
    await expect.poll(() => page.all('.layers > details').length).toBe(6);
    expect(chosen()).toEqual(['false', 'true', 'false']);
    expect(page.get('.layers figcaption').textContent).toMatch(/^Map 2 of 3: /);
    expect(page.layer('flatten').open).toBe(true);
  });

  test('are not made for an image of another size', async () => {
    page.start();
    page.tell();
    await page.isReady();
    page.image.set(image(1, 2, 3));
    await aWhile();
    expect(page.calls.activations).toHaveLength(1);
    expect(page.get('.empty').textContent).toMatch(/Draw something above/);
  });
});

describe('filters', () => {
  test('are drawn with a pixel per weight: negative blue, zero background, positive orange', async () => {
    page.start();
    page.tell();
    await page.isReady();
    const canvases = page.all('[aria-label="Filters"] canvas') as HTMLCanvasElement[];
    expect(canvases.map(({ width, height }) => [width, height])).toEqual([
      [2, 1],
      [2, 1],
      [2, 1],
    ]);
    expect(canvases.map((canvas) => pixel(canvas, 0, 0))).toEqual([orange, blue, paper]);
    expect(pixel(canvases[0]!, 1, 0)).toEqual(paper);
    expect(pixel(canvases[1]!, 1, 0)).toEqual(half(orange));
  });

  test('are selected by click and by keys, with one tab stop and labels', async () => {
    page.start();
    page.tell();
    await page.isReady();
    const tiles = page.all('[aria-label="Filters"] .tile');
    const chosen = () => tiles.map((tile) => tile.getAttribute('aria-checked')).indexOf('true');
    const caption = page.get('figcaption');
    expect(tiles.map(({ tabIndex }) => tabIndex)).toEqual([0, -1, -1]);
    tiles[1]!.click();
    expect(chosen()).toBe(1);
    expect(caption.textContent).toBe('Filter 2 of 3: 1 × 2, weights from −1 to 0.5');
    press(tiles[1]!, 'ArrowRight');
    expect(document.activeElement).toBe(tiles[2]);
    press(tiles[2]!, 'ArrowRight');
    expect(chosen(), 'there is none further').toBe(2);
    press(tiles[2]!, 'Home');
    expect(chosen()).toBe(0);
    expect(tiles.map(({ tabIndex }) => tabIndex)).toEqual([0, -1, -1]);
    expect(pixel(page.get('figure canvas'), 0, 0)).toEqual(orange);
  });

  test('that do not exist are explained', async () => {
    page.filters = null;
    page.start();
    page.tell();
    page.state.model.set({ ...model, version: 2, layers: model.layers.slice(1) });
    await expect.poll(() => page.root.textContent).toContain('This model has no convolution');
  });
});

describe('activations', () => {
  test('list the layers in order, with shapes and ranges; closed ones are drawn when opened', async () => {
    page.start();
    page.tell();
    await page.isReady();
    const summaries = page
      .all('.layers summary')
      .map((summary) => [...summary.querySelectorAll('span')].map((span) => span.textContent).join(' | '));
    expect(summaries).toEqual([
      'input | Input · 2 × 2 × 1 | 0 … 1',
      'conv2d | Conv2D · 2 × 2 × 3 | −2 … 1',
      'flatten | Flatten · 12 | −2 … 1',
      'dense | Dense · 2 | −3 … 1',
      'softmax | Softmax · 2 | 0.25 … 0.75',
    ]);
    expect(page.layer('dense').open).toBe(false);
    expect(page.layer('dense').querySelectorAll('li')).toHaveLength(0);
    page.layer('dense').open = true;
    await expect.poll(() => page.layer('dense').querySelectorAll('li').length).toBe(2);
  });

  test('are drawn with a pixel per value on one scale per layer, the brightest map large', async () => {
    page.start();
    page.tell();
    await page.isReady();
    const input = page.layer('input').querySelector('canvas')!;
    expect([pixel(input, 0, 0), pixel(input, 1, 0), pixel(input, 1, 1)]).toEqual(
      [255, 0, 51].map((grey) => [grey, grey, grey]),
    );
    const conv = page.layer('conv2d');
    const tiles = [...conv.querySelectorAll<HTMLElement>('.tile canvas')];
    expect(pixel(tiles[0]!, 0, 0), '1 of 2').toEqual(half(orange));
    expect(pixel(tiles[0]!, 1, 0)).toEqual(paper);
    expect(pixel(tiles[2]!, 0, 0), '−2 of 2').toEqual(blue);
    expect(conv.querySelector('figcaption')?.textContent).toBe(
      'Map 1 of 3: values from 0 to 1, 50 % positive',
    );
    page.image.set(image(0, 255, 0, 0));
    await expect.poll(() => pixel(tiles[2]!, 1, 0)).toEqual(blue);
    expect(pixel(tiles[2]!, 0, 0)).toEqual(paper);
  });

  test('of units are bars with the names of the classes', async () => {
    page.start();
    page.tell();
    await page.isReady();
    page.layer('dense').open = true;
    await expect.poll(() => page.layer('dense').querySelectorAll('li').length).toBe(2);
    const textOf = (name: string) =>
      [...page.layer(name).querySelectorAll('li')].map((row) => row.textContent);
    expect(textOf('dense')).toEqual(['cat−3', 'dog1']);
    expect(textOf('softmax')).toEqual(['cat25.0 %', 'dog75.0 %']);
    const [low, high] = page.layer('dense').querySelectorAll<HTMLElement>('.bar');
    expect([low!.style.left, low!.style.width]).toEqual(['0%', '75%']);
    expect([high!.style.left, high!.style.width]).toEqual(['75%', '25%']);
    expect(low!.classList.contains('below')).toBe(true);
  });

  test('of a sequence are drawn like as many units, not listed by its first axis', async () => {
    page.activations = (input) =>
      activationsOf(input).map((each) =>
        each.layer === 'flatten'
          ? { layer: 'reshape', className: 'Reshape', shape: [2, 20], values: new Float32Array(40) }
          : each,
      );
    page.start();
    page.tell();
    await page.isReady();
    page.layer('reshape').open = true;
    await expect.poll(() => page.layer('reshape').querySelector('canvas.bars')).toBeTruthy();
    expect(page.layer('reshape').querySelectorAll('li').length).toBe(0);
  });
});

describe('kernels', () => {
  test('are grouped by layer with sums, in the order of the step', async () => {
    page.start();
    page.tell();
    await page.isReady();
    expect(page.lines()).toEqual([
      '# conv2d 5.00',
      'conv2d/forward_gpu',
      'conv2d/kernel_gradient',
      '# dense 2.00',
      'matmul/forward',
      '# loss 0.50',
      'softmax_cross_entropy/forward',
      '# optimizer 0.50',
      'rmsprop/update',
    ]);
    const cells = page.all('.kernels tr[data-index="0"] > *');
    expect(cells.map(({ textContent }) => textContent)).toEqual([
      'conv2d/forward_gpuwith relu',
      'forward',
      'gpu',
      '[1,2,2,1]',
      '1.00',
      '12.5 %',
      '12.5',
      '',
    ]);
  });

  test('are sorted by the clicked column, largest numbers first, then in reverse', async () => {
    page.start();
    page.tell();
    await page.isReady();
    const sort = () => page.button('ms');
    sort().click();
    expect(page.lines().slice(0, 3)).toEqual([
      '# conv2d 5.00',
      'conv2d/kernel_gradient',
      'conv2d/forward_gpu',
    ]);
    expect(sort().closest('th')?.getAttribute('aria-sort')).toBe('descending');
    expect(document.activeElement).toBe(sort());
    sort().click();
    expect(page.lines()[0]).toBe('# loss 0.50');
    page.get('.check input').click();
    expect(page.lines()).toEqual([
      'softmax_cross_entropy/forward',
      'rmsprop/update',
      'conv2d/forward_gpu',
      'matmul/forward',
      'conv2d/kernel_gradient',
    ]);
    page.button('Layer').click();
    expect(page.lines()[1]).toBe('conv2d/kernel_gradient');
  });

  test('can be limited to one direction', async () => {
    page.start();
    page.tell();
    await page.isReady();
    page.get('input[value="backward"]').click();
    expect(page.lines()).toEqual(['# conv2d 4.00', 'conv2d/kernel_gradient']);
  });

  test('without times show dashes, and the reason', async () => {
    page.table = () => ({ ...table, totalMs: null, rows: table.rows.map((row) => ({ ...row, ms: null })) });
    page.start();
    page.tell({ hasTimestamps: false });
    await page.isReady();
    expect(page.lines()[0]).toBe('# conv2d –');
    expect(page.root.textContent).toContain('GPU timestamps are not available in this browser.');
  });

  test('can be measured again; the selected kernel stays selected', async () => {
    page.start();
    page.tell();
    await page.isReady();
    page.button('rmsprop/update').click();
    await expect.poll(() => page.get('.shader h4').textContent).toBe('rmsprop/update.wgsl');
    page.table = () => ({ ...table, totalMs: 16 });
    page.button('Measure again').click();
    await expect.poll(() => page.root.textContent).toContain('Together they take 16.0 ms.');
    expect(page.get('.shader h4').textContent).toBe('rmsprop/update.wgsl');
    expect(page.get('tr.chosen .kernel').textContent).toBe('rmsprop/update');
  });

  test('that cannot be measured show one error, and a button to retry', async () => {
    page.table = () => {
      throw new Error('the driver is tired');
    };
    page.start();
    page.tell();
    await expect.poll(() => page.said).toEqual(['Error: the driver is tired']);
    page.state.status.set(status('idle'));
    await aWhile();
    expect(page.calls.kernels).toBe(1);
    page.table = () => table;
    page.button('Measure again').click();
    await page.isReady();
  });
});

describe('WGSL', () => {
  test('of the selected kernel is shown line by line, as plain text', async () => {
    page.start();
    page.tell();
    await page.isReady();
    page.button('matmul/forward').click();
    await expect.poll(() => page.get('.shader pre').textContent).toBe(sourceOf(1));
    expect(page.all('.shader .line')).toHaveLength(5);
    expect(page.all('.shader img')).toHaveLength(0);
    const coloured = page
      .all('.shader .line:nth-child(2) span')
      .map((span) => [span.className, span.textContent]);
    expect(coloured).toEqual([
      ['keyword', 'const'],
      ['type', 'u32'],
      ['number', '1'],
      ['comment', '//! <img src=x onerror=alert(1)>'],
    ]);
    const pressed = page.all('.kernel').map((button) => button.getAttribute('aria-pressed'));
    expect(pressed).toEqual(['false', 'false', 'true', 'false', 'false']);
    expect(page.get('.shader pre').tabIndex).toBe(0);
  });

  test('of a layer and of the softmax after it opens with a button', async () => {
    page.start();
    page.tell();
    await page.isReady();
    page.button('Show its WGSL: dense').click();
    await expect.poll(() => page.get('.shader h4').textContent).toBe('matmul/forward.wgsl');
    page.button('Show its WGSL: softmax').click();
    await expect.poll(() => page.get('.shader h4').textContent).toBe('softmax_cross_entropy/forward.wgsl');
    expect(document.activeElement).toBe(page.get('.shader pre'));
  });

  test('is copied', async () => {
    page.start();
    page.tell();
    await page.isReady();
    let copied = '';
    const { clipboard } = navigator;
    const before = clipboard.writeText.bind(clipboard);
    clipboard.writeText = async (text) => {
      copied = text;
    };
    try {
      page.button('Copy').click();
      await expect.poll(() => page.said).toEqual(['Copied the shader to the clipboard.']);
      expect(copied).toBe(sourceOf(0));
    } finally {
      clipboard.writeText = before;
    }
  });
});

describe('without a device', () => {
  test('explains why, and requests only the filters', async () => {
    page.start();
    page.tell();
    page.state.device.set({ info: null, problem: 'no WebGPU' });
    await expect.poll(() => page.get('.empty').textContent).toMatch(/WebGPU is not available/);
    await aWhile();
    expect(page.calls).toMatchObject({ filters: 1, kernels: 0, activations: [] });
    expect(page.root.textContent).toContain('so no kernels run.');
  });

  test('after a loss, likewise; a new device restores everything', async () => {
    page.start();
    page.tell();
    await page.isReady();
    page.state.status.set(status('lost'));
    await expect.poll(() => page.get('.empty').textContent).toMatch(/graphics device was lost/);
    expect(page.get('.shader').hidden).toBe(true);
    page.state.status.set(status('paused'));
    page.state.model.set({ ...model, version: 2 });
    await page.isReady();
    expect(page.calls).toMatchObject({ kernels: 2, filters: 2 });
    expect(page.calls.activations).toHaveLength(2);
  });
});

test('axe finds no violation', async () => {
  page.start();
  page.tell();
  await page.isReady();
  for (const details of page.all('details') as HTMLDetailsElement[]) details.open = true;
  await expect.poll(() => page.layer('dense').querySelectorAll('li').length).toBe(2);
  const { violations } = await axe.run(page.root);
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
});
