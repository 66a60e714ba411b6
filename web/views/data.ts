/** Class counts, samples, and previews of augmentation and filters. */
import { grouped } from '../../src/report/charts/numbers.js';
import { withDataset } from '../../src/recipe/make_recipe.js';
import { presetFor } from '../../src/recipe/presets.js';
import type { App } from '../app.js';
import type { View } from '../view.js';
import { element, setAttribute, withCommands } from '../elements.js';
import { textOf } from '../error_text.js';
import type { DataInfo, Settings } from '../protocol.js';
import { datasetTitles } from '../settings.js';
import { CountsTable } from './data_counts.js';
import { customFiles } from './data_files.js';
import { Previews } from './data_previews.js';
import { type ImageRecipe, areAlike, recipeOf, valuesOf } from './data_recipe.js';
import { Samples } from './data_samples.js';
import { RecipeSliders } from './data_sliders.js';
import { undoButtons } from './undo_buttons.js';
import { whenSeen } from './when_seen.js';

/** Presets that the sliders can start from; `quick` changes nothing. */
const startingPoints = [
  ['Nothing', 'quick'],
  ['Corrected', 'corrected'],
  ['Paper', 'paper'],
] as const;

export const dataView: View = (root, app) => {
  const counts = new CountsTable((label) => samples.showLabel(label));
  const samples = new Samples(app, (label) => counts.mark(label));
  const augmentation = new Augmentation(app);
  const images = element(
    'div',
    { class: 'data-columns' },
    element('div', { class: 'stack' }, element('h3', {}, 'Classes'), counts.element),
    samples.element,
  );
  const shown = element('div', { class: 'data-shown', hidden: true }, images, augmentation.element);
  const set = new ShownSet(app, {
    show: async (dataset, info) => {
      shown.hidden = false;
      counts.show(info);
      await Promise.all([samples.showDataset(dataset, info), augmentation.showDataset(dataset, info)]);
    },
    hide: () => {
      shown.hidden = true;
    },
  });
  root.append(set.element, shown);
  whenSeen(root, () => set.begin());
};

/** Shows the data set of the settings, or why it is not available, and lets users load their own. */
class ShownSet {
  readonly element: HTMLElement;
  readonly #words = element('p', { role: 'status' });
  readonly #source = element('small');
  readonly #again = element('button', { type: 'button', class: 'button small', hidden: true }, 'Try again');
  #hasBegun = false;
  /** The data set that is shown. */
  #shown: Settings['dataset'] | undefined;
  /** The last request. */
  #wanted: Settings['dataset'] | undefined;

  constructor(
    private readonly app: App,
    private readonly parts: {
      readonly show: (dataset: Settings['dataset'], info: DataInfo) => Promise<void>;
      /** Called when the data set that is shown is no longer the chosen one. */
      readonly hide: () => void;
    },
  ) {
    this.#again.addEventListener('click', () => void this.#describe(app.settings.value.dataset));
    this.element = element(
      'div',
      { class: 'data-columns' },
      element(
        'div',
        { class: 'stack' },
        this.#words,
        this.#source,
        this.#again,
        undoButtons(app, { scope: 'images', onDone: () => this.#showCustom() }),
      ),
      customFiles((files) => app.attempt('images', async () => this.#open(await files))),
    );
    app.settings.listen(() => this.#follow());
    app.state.device.listen(() => this.#follow());
  }

  /** Allows fetching images from now on. */
  begin(): void {
    this.#hasBegun = true;
    this.#follow();
  }

  /** The worker reports its device before any request. */
  #follow(): void {
    const { dataset } = this.app.settings.value;
    if (!this.#hasBegun || !this.app.state.device.value || dataset === this.#wanted) return;
    void this.#describe(dataset);
  }

  async #describe(dataset: Settings['dataset']): Promise<void> {
    this.#wanted = dataset;
    if (this.#shown !== dataset) this.parts.hide();
    this.#say(`${datasetTitles[dataset]}: fetching the images …`, '');
    try {
      const info = await this.app.worker.data.describe(dataset);
      if (this.#wanted === dataset) await this.#take(dataset, info);
    } catch (error) {
      if (this.#wanted !== dataset) return;
      this.parts.hide();
      this.#shown = undefined;
      this.#say(textOf(error), '');
      // Nothing to fetch until the user drops files.
      this.#again.hidden = dataset === 'custom';
    }
  }

  async #open(files: readonly File[]): Promise<void> {
    this.#say('Reading the files …', '');
    try {
      const info = await this.app.worker.data.open(files);
      this.#wanted = 'custom';
      this.app.settings.set(withDataset(this.app.settings.value, 'custom'));
      await this.#take('custom', info);
    } catch (error) {
      // Shows the previous data set again.
      this.#wanted = undefined;
      this.#follow();
      throw error;
    }
  }

  /** The user's images have changed. */
  #showCustom(): void {
    this.#shown = undefined;
    if (this.app.settings.value.dataset === 'custom') void this.#describe('custom');
    else this.app.settings.set(withDataset(this.app.settings.value, 'custom'));
  }

  async #take(dataset: Settings['dataset'], info: DataInfo): Promise<void> {
    this.#say(sentenceOf(info), `From ${info.source}`);
    this.#shown = dataset;
    await this.parts.show(dataset, info);
  }

  #say(words: string, source: string): void {
    this.#words.replaceChildren(...withCommands(words));
    this.#source.textContent = source;
    this.#again.hidden = true;
  }
}

/** The sliders, their previews, and the button that applies them to the next training. */
class Augmentation {
  readonly element: HTMLElement;
  readonly #previews: Previews;
  readonly #sliders: RecipeSliders;
  readonly #starts: readonly { readonly button: HTMLButtonElement; readonly recipe: () => ImageRecipe }[];
  readonly #use = element('button', { type: 'button', class: 'button primary' }, 'Use for the next training');
  readonly #words = element('p', { class: 'quiet', role: 'status' });

  constructor(private readonly app: App) {
    this.#previews = new Previews(app);
    this.#sliders = new RecipeSliders(() => this.#changed());
    this.#starts = startingPoints.map(([title, preset]) => {
      const button = element(
        'button',
        { type: 'button', class: 'button small', 'aria-pressed': 'false' },
        title,
      );
      const recipe = (): ImageRecipe => presetFor(preset, app.settings.value.dataset);
      button.addEventListener('click', () => this.#show(recipe()));
      return { button, recipe };
    });
    this.#use.addEventListener('click', () => this.#useIt());
    this.element = element(
      'div',
      { class: 'augmentation' },
      element(
        'div',
        { class: 'stack' },
        element('h3', {}, 'Augmentation'),
        element(
          'p',
          { class: 'quiet' },
          'Each image changes a little, differently each epoch, so that the network learns to ignore such changes.',
        ),
        element(
          'div',
          { class: 'row', role: 'group', 'aria-label': 'Start from the values of a preset' },
          element('span', { class: 'label' }, 'Start from'),
          ...this.#starts.map(({ button }) => button),
        ),
        this.#sliders.element,
        element('div', { class: 'row' }, this.#use, this.#words),
      ),
      this.#previews.element,
    );
    this.#show(app.settings.value);
    // Choosing a preset elsewhere moves the sliders; other settings do not.
    app.settings.listen((now, before) => {
      if (areAlike(now, before)) this.#update();
      else this.#show(now);
    });
  }

  async showDataset(dataset: Settings['dataset'], { classNames }: DataInfo): Promise<void> {
    await this.#previews.showDataset(dataset, classNames);
  }

  #show(recipe: ImageRecipe): void {
    this.#sliders.show(valuesOf(recipe));
    this.#changed();
  }

  #changed(): void {
    this.#previews.showRecipe(recipeOf(this.#sliders.values));
    this.#update();
  }

  #update(): void {
    const recipe = recipeOf(this.#sliders.values);
    for (const start of this.#starts)
      setAttribute(start.button, 'aria-pressed', String(areAlike(recipe, start.recipe())));
    const isUsed = areAlike(recipe, this.app.settings.value);
    setAttribute(this.#use, 'aria-disabled', isUsed ? 'true' : undefined);
    const words = isUsed ? 'The next training uses these values.' : '';
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }

  #useIt(): void {
    const recipe = recipeOf(this.#sliders.values);
    const { settings } = this.app;
    if (areAlike(recipe, settings.value)) return;
    // Uses the exact values of a preset, which the URL then need not repeat.
    const preset = presetFor(settings.value.preset, settings.value.dataset);
    const { augmentation, filters } = areAlike(recipe, preset) ? preset : recipe;
    settings.set({ ...settings.value, augmentation, filters });
  }
}

/** Such as `Digits: 60,000 training images and 10,000 test images, 28 × 28 pixels, greyscale, 10 classes.` */
function sentenceOf({
  name,
  height,
  width,
  channels,
  classNames,
  trainCounts,
  testCounts,
}: DataInfo): string {
  const sum = (counts: readonly number[]): string =>
    grouped(counts.reduce((total, count) => total + count, 0));
  const title = name === 'digits' || name === 'fashion' ? datasetTitles[name] : name;
  const parts = [
    ...(trainCounts ? [`${sum(trainCounts)} training images`] : []),
    testCounts ? `${sum(testCounts)} test images` : 'no test images',
  ];
  const colours = channels === 1 ? 'greyscale' : channels === 3 ? 'colour' : `${channels} channels`;
  return `${title}: ${parts.join(' and ')}, ${width} × ${height} pixels, ${colours}, ${classNames.length === 1 ? '1 class' : `${classNames.length} classes`}.`;
}
