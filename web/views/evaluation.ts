/** The results of a test: confusion matrix, mistakes, metrics per class. */
import { duration, grouped, percent } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import type { View } from '../view.js';
import { type TestRequest, stopTest, test, testProblem } from '../commands/test.js';
import { element } from '../elements.js';
import type { TestEvaluation } from '../protocol.js';
import { commandButton } from './command_button.js';
import { ClassTable } from './evaluation_classes.js';
import { EvaluatedImages, type WantedImages, allMistakes } from './evaluation_images.js';
import { ConfusionTable, type MatrixCell } from './evaluation_matrix.js';

/** Choices for the number of test images; `all` is the whole test split. */
const choices = ['500', '2000', 'all'] as const;

export const evaluationView: View = (root, app) => {
  const results = new Results(app);
  const empty = element(
    'p',
    { class: 'empty' },
    'Nothing tested yet. A test shows how many images the network gets right, and which classes it confuses.',
  );
  root.append(new TestControls(app, results, empty).element, empty, results.element);
};

/** The button, the number of images, the progress, and whether the result belongs to the current model. */
class TestControls {
  readonly element: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #count = element(
    'select',
    {},
    ...choices.map((value) =>
      element('option', { value }, value === 'all' ? 'all test images' : `${grouped(Number(value))} images`),
    ),
  );
  readonly #progress = element('progress', { max: 1, hidden: true, 'aria-label': 'Images tested' });
  readonly #words = element('p', { class: 'quiet test-words', role: 'status' });
  #isChosen = false;

  constructor(
    private readonly app: App,
    private readonly results: Results,
    private readonly empty: HTMLElement,
  ) {
    const { device, model, status } = app.state;
    this.#button = commandButton<TestRequest>(app, () => (this.#isRunning ? stopTest : test), {
      kind: 'primary',
      given: () => this.#request(),
    }).root;
    this.element = element(
      'div',
      { class: 'stack' },
      element(
        'div',
        { class: 'row test-controls' },
        this.#button,
        element(
          'label',
          { class: 'field' },
          element('span', { class: 'sr-only' }, 'How many images'),
          this.#count,
        ),
        this.#words,
      ),
      this.#progress,
    );
    this.#count.value = 'all';
    this.#count.addEventListener('change', () => (this.#isChosen = true));
    device.watch((told) => {
      // A CPU takes minutes for ten thousand images.
      if (told?.info && told.info.family !== 'gpu' && !this.#isChosen) this.#count.value = '500';
      this.#update();
    });
    model.watch(() => this.#update());
    app.busy.listen(() => this.#update());
    status.listen((now, before) => {
      if (now?.phase !== before?.phase) this.#update();
    });
  }

  get #isRunning(): boolean {
    return this.app.busy.value.has(test.cause);
  }

  #request(): TestRequest {
    return {
      count: this.#count.value === 'all' ? null : Number(this.#count.value),
      onProgress: (done, total) => {
        if (this.#isRunning && done > 0) this.#progress.value = done / total;
      },
      onResult: async (evaluation) => {
        this.empty.hidden = true;
        await this.results.show(evaluation, this.app.state.model.value?.classNames ?? []);
      },
    };
  }

  /** Updates only what differs, because screen readers announce changes. */
  #update(): void {
    const isRunning = this.#isRunning;
    this.#button.classList.toggle('primary', !isRunning);
    this.#count.disabled = isRunning;
    // Indeterminate until the first images are tested.
    if (!isRunning) this.#progress.removeAttribute('value');
    this.#progress.hidden = !isRunning;
    const words = isRunning
      ? 'Testing …'
      : (testProblem(this.app) ?? this.results.words(this.app.state.model.value?.version));
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}

/** Figures, matrix, images and classes of the last test. */
class Results {
  readonly element: HTMLElement;
  readonly #figures = element('dl', { class: 'figures' });
  readonly #matrix: ConfusionTable;
  readonly #matrixNote = element('span');
  readonly #images: EvaluatedImages;
  readonly #classes: ClassTable;
  #last: { readonly evaluation: TestEvaluation; readonly classNames: readonly string[] } | undefined;

  constructor(app: App) {
    this.#matrix = new ConfusionTable(
      (cell) => void app.attempt('test', () => this.#showImages(this.#labelsAt(cell))),
    );
    this.#images = new EvaluatedImages(
      app,
      () => void app.attempt('test', () => this.#showImages(allMistakes)),
    );
    this.#classes = new ClassTable(
      (label) => void app.attempt('test', () => this.#showImages({ actual: label, predicted: null })),
    );
    this.element = element(
      'div',
      { class: 'results', hidden: true },
      this.#figures,
      element(
        'div',
        { class: 'results-columns' },
        element(
          'div',
          { class: 'stack' },
          element('h3', {}, 'Confusion matrix: true × predicted'),
          this.#matrix.element,
          element(
            'p',
            { class: 'quiet' },
            'Rows are true classes, columns are predictions. A stronger colour is a larger share of the row.',
            this.#matrixNote,
          ),
        ),
        this.#images.element,
      ),
      element('div', { class: 'stack' }, element('h3', {}, 'Metrics per class'), this.#classes.element),
    );
  }

  async show(evaluation: TestEvaluation, names: readonly string[]): Promise<void> {
    const classNames = evaluation.classes.map(({ label }) => names[label] ?? String(label));
    this.#last = { evaluation, classNames };
    const { count, loss, accuracy, labels, confusion, classes } = evaluation;
    const figures = [
      ['Accuracy', percent(accuracy)],
      ['Loss', loss.toFixed(4)],
      ['Mistakes', grouped(Math.round(count * (1 - accuracy)))],
      ['Images', grouped(count)],
    ] as const;
    this.#figures.replaceChildren(
      ...figures.map(([term, value]) =>
        element('div', {}, element('dt', {}, term), element('dd', {}, value)),
      ),
    );
    this.#matrix.show(
      confusion,
      labels.map((label) => classes[label]?.support ?? 0),
      labels.map((label) => classNames[label] ?? String(label)),
    );
    this.#matrixNote.textContent =
      labels.length < classes.length
        ? ` The matrix shows the ${labels.length} of ${grouped(classes.length)} classes with the most mistakes.`
        : '';
    this.#classes.show(classes, classNames);
    this.element.hidden = false;
    await this.#showImages(allMistakes);
  }

  /** The classes of a cell of the matrix. */
  #labelsAt({ actual, predicted }: MatrixCell): MatrixCell {
    const labels = this.#last?.evaluation.labels ?? [];
    return { actual: labels[actual] ?? actual, predicted: labels[predicted] ?? predicted };
  }

  /** The cell of two classes; outside the matrix if one is not shown. */
  #placeOf({ actual, predicted }: MatrixCell): MatrixCell {
    const labels = this.#last?.evaluation.labels ?? [];
    return { actual: labels.indexOf(actual), predicted: labels.indexOf(predicted) };
  }

  async #showImages(wanted: WantedImages): Promise<void> {
    const { actual, predicted } = wanted;
    this.#matrix.mark(actual === null || predicted === null ? null : this.#placeOf({ actual, predicted }));
    await this.#images.show(wanted, this.#last?.classNames ?? []);
  }

  /** Summary of the test, and whether the model has changed since. */
  words(modelVersion: number | undefined): string {
    if (!this.#last) return '';
    const { evaluation } = this.#last;
    if (modelVersion !== undefined && modelVersion !== evaluation.modelVersion)
      return 'The model has changed since this test. Test again.';
    const { count, isTestPart, ms } = evaluation;
    const images = count === 1 ? '1 image' : `${grouped(count)} images`;
    const which = isTestPart ? '' : ' that training leaves out (there is no test split)';
    return `Tested ${images}${which} in ${duration(ms / 1000)}. Select a cell to see its images, and an image to open it under Draw and Inside.`;
  }
}
