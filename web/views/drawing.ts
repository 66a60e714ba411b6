/** The drawing pad, the network's view of it, and class probabilities after every stroke. */
import { transfer } from 'comlink';
import { probability } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import type { View } from '../view.js';
import { type CorrectionRequest, correct } from '../commands/correction.js';
import { element, enable, onPress } from '../elements.js';
import { Latest } from '../latest.js';
import type { ModelInfo, Prediction } from '../protocol.js';
import { areDigits } from '../worker/predicting_classes.js';
import './drawing.css';
import { Correction } from './drawing_correction.js';
import { nanText, winnerOf } from './drawing_figures.js';
import { takeDropsAndPastes, uploadButton } from './drawing_files.js';
import { pictureOf } from './drawing_ink.js';
import { correctionText } from './drawing_correction_text.js';
import { Pad, type Picked, type Sheet, blankSheet, isBlank } from './drawing_pad.js';
import { Result } from './drawing_result.js';
import { Samples } from './drawing_samples.js';
import { exampleSeven } from './drawing_strokes.js';

/** Minimum interval between predictions while drawing: faster than people can read, and it would slow training. */
const leastMs = 50;
/** Delay before a stable prediction is announced. */
const announceMs = 500;

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

const exampleSheet: Sheet = { strokes: exampleSeven, picture: null, isExample: true };

interface Asked {
  readonly sheet: Sheet;
  readonly isDrawing: boolean;
}

export const drawingView: View = (root, app) => {
  const view = new DrawingView(root, app);
  view.listen();
};

class DrawingView {
  readonly #pad = new Pad(exampleSheet, {
    onChange: (sheet, isDrawing) => this.#changed({ sheet, isDrawing }),
    announce: (text) => this.#announce(text),
  });
  readonly #result = new Result();
  readonly #samples: Samples;
  readonly #correction: Correction;
  readonly #undo = element('button', { type: 'button', class: 'button small' }, 'Undo');
  readonly #clear = element('button', { type: 'button', class: 'button small' }, 'Clear');
  readonly #testImages = element(
    'button',
    { type: 'button', class: 'button small', 'aria-expanded': 'false', 'aria-controls': 'draw-samples' },
    'Test images',
  );
  readonly #live = element('p', { class: 'sr-only', role: 'status' });
  readonly #stranger = element('p', { class: 'note', 'data-level': 'info', hidden: true });
  readonly #asked = new Latest<Asked>((asked) => this.#predict(asked));
  #announcing: ReturnType<typeof setTimeout> | undefined;
  /** The announced text. */
  #verdict = '';
  /** Prediction for the pad; null if it is empty. */
  #prediction: Prediction | null = null;
  /** Outcome of the correction, until the pad changes. */
  #corrected: { readonly before: Prediction; readonly label: number } | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly app: App,
  ) {
    this.#correction = new Correction(app, (label) => this.#correctionRequest(label));
    this.#samples = new Samples(app, (picked) => this.#pickSample(picked));
    this.#correction.names = digits;
    const upload = uploadButton((file) => this.#upload(file));
    root.append(
      element(
        'div',
        { class: 'drawing' },
        this.#pad.element,
        element('div', { class: 'row tools' }, this.#undo, this.#clear, this.#testImages, upload),
        this.#result.summary,
        element(
          'div',
          { class: 'stack rest' },
          this.#samples.element,
          this.#stranger,
          this.#result.details,
          this.#correction.element,
        ),
      ),
      element(
        'p',
        { class: 'sr-only', id: 'draw-keys' },
        'Draw with a mouse, a finger or a pen. On a keyboard, the arrow keys move the pen, with Shift in small steps, and the space bar lowers or lifts it. The number keys choose the label.',
      ),
      this.#live,
    );
    takeDropsAndPastes(this.#pad.element, (file) => this.#upload(file));
  }

  listen(): void {
    const { state } = this.app;
    onPress(this.#undo, () => this.#pad.undo());
    onPress(this.#clear, () => this.#pad.clear());
    this.#testImages.addEventListener('click', () => {
      const isOpen = this.#testImages.getAttribute('aria-expanded') !== 'true';
      this.#testImages.setAttribute('aria-expanded', String(isOpen));
      this.#samples.toggle(isOpen);
    });
    this.root.addEventListener('keydown', (event) => this.#press(event));
    state.model.watch((model) => {
      if (model) this.#take(model);
    });
    state.device.watch((device) => {
      // Learning needs a device, as a banner explains.
      this.#correction.element.hidden = device?.info === null;
      this.#refresh();
    });
    state.status.listen(() => this.#refresh());
    this.app.busy.listen((busy) => {
      // The outcome of the previous correction.
      if (busy.has(correct.cause)) this.#correction.say('');
    });
    // Clears the text about a correction when it is undone.
    state.undo.listen((now, before) => {
      if (before?.model.undo !== 'correction' || now?.model.redo !== 'correction') return;
      this.#corrected = undefined;
      this.#correction.say('');
      this.#asked.ask({ sheet: this.#pad.sheet, isDrawing: false });
    });
    // An image picked elsewhere on the page has no prediction yet.
    this.app.image.listen((image) => {
      if (!image || image.prediction || image.source === 'drawing') return;
      const [height, width, channels] = (this.#model?.inputShape ?? [28, 28, 1]) as [number, number, number];
      const { input, label, source } = image;
      this.#pick({ pixels: input, height, width, channels, label, source });
    });
  }

  get #model(): ModelInfo | null {
    return this.app.state.model.value;
  }

  get #names(): readonly string[] {
    return this.#model?.classNames ?? digits;
  }

  get #hasDevice(): boolean {
    const { device, status } = this.app.state;
    return Boolean(device.value?.info) && status.value?.phase !== 'lost';
  }

  /** Called when the model or its weights change. */
  #take({ classNames, name }: ModelInfo): void {
    const knowsDigits = areDigits(classNames);
    this.#samples.names = classNames;
    this.#correction.names = classNames;
    this.#pad.picturesAreInk = knowsDigits;
    this.#stranger.hidden = knowsDigits;
    this.#stranger.textContent = `Model ${name} classifies ${listed(classNames)}, so its answer for a drawing means little. Pick a test image, or upload a photograph.`;
    const { sheet } = this.#pad;
    const { picture } = sheet;
    if (picture && !this.#fits(picture)) this.#pad.show(blankSheet);
    else if (sheet.isExample && !knowsDigits) void this.#showAnother(sheet);
    else if (sheet.isExample && isBlank(sheet)) this.#pad.replace(exampleSheet);
    else this.#asked.ask({ sheet, isDrawing: false });
  }

  // ---- the sheet on the pad ----

  #changed(asked: Asked): void {
    this.#corrected = undefined;
    // Clears announcements and errors of the previous sheet.
    clearTimeout(this.#announcing);
    if (this.#live.textContent === this.#verdict) this.#announce('');
    this.app.settle('picture');
    if (!asked.isDrawing) {
      this.#correction.choose(asked.sheet.picture?.label ?? undefined);
      const isTest = asked.sheet.picture?.source === 'test';
      this.#correction.say(isTest ? 'Test images are never learned, so that the test stays fair.' : '');
    }
    this.#asked.ask(asked);
    this.#refresh();
  }

  /** Replaces the example digit by a test image, or by an empty pad if there is none. */
  async #showAnother(sheet: Sheet): Promise<void> {
    try {
      await this.#samples.another();
    } catch {
      // Train and Data explain why there are no images.
    }
    if (this.#pad.sheet === sheet) this.#pad.replace({ ...blankSheet, isExample: true });
  }

  /** A test image; for a model opened from a file, it may belong to another data set. */
  #pickSample(picture: Picked): void {
    if (this.#fits(picture)) return this.#pick(picture);
    const { height, width, channels } = picture;
    this.app.say(
      `Model ${this.#model?.name ?? ''} takes ${this.#model?.inputShape.join('×')} images, but these are ${height}×${width}×${channels}. Choose matching images under Train.`,
      'warning',
    );
  }

  #fits({ height, width, channels }: Picked): boolean {
    return (this.#model?.inputShape ?? [28, 28, 1]).join() === [height, width, channels].join();
  }

  #pick(picture: Picked): void {
    this.#pad.show({ ...blankSheet, picture });
  }

  #upload(file: File): void {
    void this.app.attempt('picture', async () => {
      const { input } = await this.app.worker.predicting.upload(file);
      const [height, width, channels] = (this.#model?.inputShape ?? [28, 28, 1]) as [number, number, number];
      this.#pick({ pixels: input, height, width, channels, label: null, source: 'upload' });
    });
  }

  #press(event: KeyboardEvent): void {
    const isWriting = (event.target as Element).matches('select, input:not([type="radio"]), textarea');
    if (isWriting || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key !== 'z' || event.shiftKey) return;
      event.preventDefault();
      this.#pad.undo();
    } else if (/^\d$/.test(event.key)) {
      const label = Number(event.key);
      const name = this.#names[label];
      if (name === undefined) return;
      this.#correction.choose(label);
      this.#announce(`It is ${name}`);
    }
  }

  // ---- predictions ----

  async #predict({ sheet, isDrawing }: Asked): Promise<void> {
    if (!this.#model) return;
    await this.app.attempt('prediction', async () => {
      const begun = performance.now();
      const prediction = await this.#predictionOf(sheet);
      this.#show(sheet, prediction);
      if (!isDrawing) this.#announceLater(prediction);
      else await pause(leastMs - (performance.now() - begun));
    });
  }

  async #predictionOf({ strokes, picture }: Sheet): Promise<Prediction | null> {
    const { predicting } = this.app.worker;
    if (picture) return predicting.image(picture.pixels);
    if (strokes.length === 0) return null;
    const drawn = pictureOf(strokes);
    return predicting.drawing(transfer(drawn, [drawn.rgba.buffer]));
  }

  #show(sheet: Sheet, prediction: Prediction | null): void {
    const model = this.#model;
    this.#prediction = prediction;
    if (prediction && model) {
      this.#result.show(prediction, model.classNames, {
        shape: model.inputShape,
        before: this.#corrected?.before,
        hasDevice: this.#hasDevice,
      });
      this.app.image.set({
        input: prediction.input,
        label: this.#corrected?.label ?? sheet.picture?.label ?? null,
        source: sheet.picture?.source ?? 'drawing',
        prediction,
      });
    } else {
      this.#result.clear(this.#names);
      this.app.image.set(null);
    }
    this.#refresh();
  }

  #correctionRequest(label: number): CorrectionRequest | undefined {
    const asked = this.#prediction;
    if (!asked) return undefined;
    const { sheet } = this.#pad;
    return {
      input: asked.input,
      label,
      onResult: (outcome) => {
        // Ignores the outcome if the drawing has changed meanwhile.
        if (this.#prediction?.input.join() !== asked.input.join()) return;
        if (outcome.isCorrected) this.#corrected = { before: outcome.before, label };
        this.#show(sheet, outcome.after);
        this.#correction.say(correctionText(outcome, label, this.#names));
      },
    };
  }

  // ---- texts and buttons ----

  #announceLater(prediction: Prediction | null): void {
    clearTimeout(this.#announcing);
    this.#verdict = this.#verdictOf(prediction);
    this.#announcing = setTimeout(() => this.#announce(this.#verdict), announceMs);
  }

  #verdictOf(prediction: Prediction | null): string {
    if (!prediction) return 'The pad is empty.';
    const winner = winnerOf(prediction.probabilities);
    if (winner === -1) return nanText;
    const { strokes } = this.#pad.sheet;
    const caveat = strokes.length > 0 && !this.#stranger.hidden ? '. This model does not know digits' : '';
    return `${this.#names[winner] ?? winner}, ${probability(prediction.probabilities[winner] as number)}${caveat}`;
  }

  #announce(text: string): void {
    this.#live.textContent = text;
  }

  #refresh(): void {
    enable(this.#undo, this.#pad.canUndo);
    enable(this.#clear, !isBlank(this.#pad.sheet));
    const isTest = this.#pad.sheet.picture?.source === 'test';
    this.#correction.canLearn = this.#prediction !== null && this.#hasDevice && !isTest;
  }
}

/** Such as `T-shirt, trousers and 8 more`: at most three names. */
function listed(names: readonly string[]): string {
  if (names.length <= 3) return names.join(', ');
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
