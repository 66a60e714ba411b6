/**
 * The settings as a form: what the next training is to be, or, while one is under way, what it was set to; then only
 * the learning rate can be changed, and takes effect from the next step.
 */
import type { PresetName, ScheduleName } from '../../src/nn/names.js';
import { withDataset } from '../../src/recipe/make_recipe.js';
import { grouped, rate } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element, setAttribute } from '../elements.js';
import type { Settings, TrainingStatus } from '../protocol.js';
import {
  type ChoiceName,
  type NumberField,
  type NumberName,
  choiceFields,
  expectedOf,
  modelSizes,
  numberFields,
  parseChoice,
  parseNumber,
  withModel,
  withPreset,
} from '../settings.js';
import { imageProblems } from './training_images.js';

export interface TrainingForm {
  readonly root: HTMLElement;
  /** False, with the cursor in the field, when something is written that cannot be. */
  isValid(): boolean;
}

interface Field {
  readonly root: HTMLElement;
  readonly input: HTMLInputElement | HTMLSelectElement;
  /** `isFresh`: also over what is being written. */
  show(settings: Settings, isFresh?: boolean): void;
}

export function trainingForm(app: App): TrainingForm {
  const { settings, state } = app;
  const isUnderWay = (): boolean => state.status.value?.isUnderWay === true;

  const change = (next: Settings): void => settings.set(next);
  const inEffect = element('small');
  const dataset = choiceField('dataset', (name) => change(withDataset(settings.value, name)));
  const preset = choiceField('preset', (name) => change(withPreset(settings.value, name)));
  const model = choiceField('model', (name) => change(withModel(settings.value, name)));
  const setNumber = (name: NumberName): Field =>
    numberField(name, (value) => change({ ...settings.value, [name]: value }));
  const learningRate = numberField('learningRate', (value) => {
    if (isUnderWay()) setRate(value);
    else change({ ...settings.value, learningRate: value });
  });
  const setRate = (value: number | null): void =>
    // What was not taken is not in effect.
    void app
      .attempt('training', async () => app.worker.training.setLearningRate(value))
      .finally(() => show({ isFresh: true }));
  const scheduleWords = element('span');
  const toSchedule = element('button', { type: 'button', class: 'button quiet small' });
  toSchedule.addEventListener('click', () => {
    setRate(null);
    learningRate.input.focus();
  });
  const schedule = element('p', { class: 'quiet recipe', role: 'status' }, scheduleWords, ' ', toSchedule);
  const size = element('small');
  model.root.append(size);
  learningRate.root.append(inEffect);
  dataset.root.append(element('small', {}, element('a', { href: '#data' }, 'or your own')));
  const others: readonly Field[] = [
    dataset,
    model,
    preset,
    ...(['batchSize', 'epochs', 'limit', 'seed'] as const).map(setNumber),
  ];
  const fields = [dataset, model, preset, learningRate, ...others.slice(3)];
  const recipe = element('span');
  const toData = element('a', { href: '#data' }, 'Change under Data');
  const root = element(
    'form',
    { class: 'stack', 'aria-label': 'Settings of the training', autocomplete: 'off' },
    element('div', { class: 'fields' }, ...fields.map((field) => field.root)),
    schedule,
    imageProblems(app),
    element('p', { class: 'quiet recipe' }, recipe, ' ', toData),
  );
  root.addEventListener('submit', (event) => event.preventDefault());

  const show = ({ isFresh = false } = {}): void => {
    const status = state.status.value;
    const own = isUnderWay() ? status?.settings : null;
    const shown = own ?? settings.value;
    // A rate that a person has set, or a plateau lowered, is in effect, and a schedule's peak is what it was set to.
    const isConstant = own && status?.isScheduled === false;
    const rateShown = (isConstant ? status?.learningRate : null) ?? shown.learningRate;
    for (const field of others) {
      field.show(shown);
      field.input.disabled = isUnderWay();
    }
    learningRate.show({ ...shown, learningRate: rateShown }, isFresh);
    setText(size, modelSizes[shown.model]);
    setText(inEffect, own ? rateWords(shown, status) : rateWordsOf(shown));
    const name = scheduleTitles[shown.schedule];
    schedule.hidden = !own || name === undefined;
    toSchedule.hidden = !isConstant;
    setText(toSchedule, `Back to the ${name} schedule`);
    setText(
      scheduleWords,
      isConstant
        ? `The rate is constant: setting it ended the ${name} schedule.`
        : `Setting a rate ends the ${name} schedule.`,
    );
    setText(
      recipe,
      isUnderWay()
        ? 'Set for this training; only the learning rate can be changed meanwhile.'
        : recipeWords(shown),
    );
    toData.hidden = isUnderWay();
    const problems = state.sets.value;
    for (const option of dataset.root.querySelectorAll('option')) {
      const { value } = option;
      // A data set from the URL stays chosen, with the reason why it cannot be used.
      const name = parseChoice('dataset', value);
      const isAbsent = problems && name ? problems[name] !== null : name === 'custom';
      option.disabled = isAbsent && value !== settings.value.dataset;
    }
  };
  for (const store of [settings, state.status, state.sets]) store.listen(() => show());
  show();
  return {
    root,
    isValid: () => {
      const wrong = root.querySelector<HTMLElement>('[aria-invalid="true"]');
      wrong?.focus();
      return wrong === null;
    },
  };
}

/** The rate that the steps are taken with, which a schedule changes all the time. */
function rateWords(settings: Settings, status: TrainingStatus | null | undefined): string {
  const peak = status?.isScheduled ? [rateWordsOf(settings)] : [];
  const now = typeof status?.learningRate === 'number' ? [`in effect: ${rate(status.learningRate)}`] : [];
  return [...peak, ...now].join(', ');
}

const scheduleTitles: Readonly<Partial<Record<ScheduleName, string>>> = {
  cosine: 'cosine',
  'one-cycle': 'one-cycle',
  step: 'step',
};

const scheduleNames = {
  constant: 'constant',
  cosine: 'peak rate (cosine)',
  'one-cycle': 'peak rate (one cycle)',
  step: 'divided by 10 every 10 epochs',
} as const;

function rateWordsOf({ schedule, plateaus }: Settings): string {
  return plateaus ? 'lowered on plateaus' : scheduleNames[schedule];
}

const recipeSentences: Readonly<Record<PresetName, string>> = {
  quick: 'A short schedule.',
  corrected: 'A thorough one for a GPU, ended when validation stops improving.',
  paper: 'As it was published: blurred, sharpened and flipped both ways.',
};

/** What the recipe means, and what is done to the images, which the section Data changes. */
function recipeWords({ preset, augmentation, filters }: Settings): string {
  const changes = [
    ...(augmentation ? ['shifted, turned or otherwise changed, differently each epoch'] : []),
    ...filters.map(({ name }) =>
      name === 'blur' ? 'blurred' : name === 'sharpen' ? 'sharpened' : 'filtered',
    ),
  ];
  const images = changes.length === 0 ? 'as they are' : changes.join(', ');
  return `${recipeSentences[preset]} Images are shown to the network ${images}.`;
}

// ---- fields ----

function choiceField<Name extends ChoiceName>(name: Name, choose: (value: Settings[Name]) => void): Field {
  const { title, titles } = choiceFields[name];
  const select = element(
    'select',
    { 'aria-label': title },
    ...Object.entries(titles).map(([value, text]) => element('option', { value }, text)),
  );
  select.addEventListener('change', () => {
    const value = parseChoice(name, select.value);
    if (value !== undefined) choose(value);
  });
  return {
    root: element('label', { class: 'field' }, element('span', {}, title), select),
    input: select,
    show: (settings) => {
      if (select.value !== settings[name]) select.value = settings[name];
    },
  };
}

let fieldCount = 0;

function numberField<Name extends NumberName>(name: Name, set: (value: Settings[Name]) => void): Field {
  const { title, nothing }: NumberField = numberFields[name];
  const hint = element('small', { id: `training-hint-${fieldCount++}`, class: 'wrong', hidden: true });
  const input = element('input', {
    type: 'text',
    // The name alone: the label also holds what is said below the field.
    'aria-label': title,
    inputmode: name === 'learningRate' ? 'decimal' : 'numeric',
    spellcheck: 'false',
    'aria-describedby': hint.id,
    placeholder: nothing,
  });
  const root = element('label', { class: 'field' }, element('span', {}, title), input, hint);
  const read = (): Settings[Name] | undefined =>
    parseNumber(name, input.value.replaceAll(',', '').trim() || (nothing ?? ''));
  const complain = (isWrong: boolean): void => {
    setAttribute(input, 'aria-invalid', isWrong ? 'true' : undefined);
    hint.hidden = !isWrong;
    hint.textContent = isWrong ? expectedOf(name) : '';
  };
  input.addEventListener('change', () => {
    const value = read();
    complain(value === undefined);
    if (value !== undefined) set(value);
  });
  // A complaint goes as soon as its reason does, and comes only when the field is left.
  input.addEventListener('input', () => {
    if (read() !== undefined) complain(false);
  });
  let shown: number | null | undefined;
  return {
    root,
    input,
    show: (settings, isFresh = false) => {
      const value = settings[name];
      // What is being written is not overwritten by each word from the worker.
      if (value === shown && !isFresh) return;
      shown = value;
      complain(false);
      input.value = value === null ? '' : name === 'limit' ? grouped(value) : String(value);
    },
  };
}

function setText(of: HTMLElement, text: string): void {
  if (of.textContent !== text) of.textContent = text;
}
