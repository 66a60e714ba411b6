/**
 * The settings form. It edits the settings of the next training. During a training it shows those of that training, of which
 * only the learning rate can be changed, with effect from the next step.
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
  /** Whether all fields are valid; focuses the first invalid one. */
  isValid(): boolean;
}

interface Field {
  readonly root: HTMLElement;
  readonly input: HTMLInputElement | HTMLSelectElement;
  /** `isFresh`: also overwrites text that the user is editing. */
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
    // Shows the rate that is in effect afterwards, also if the call failed.
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
    // Shows a constant rate as it is now, set by the user or lowered on a plateau; for a schedule, its peak.
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
      isUnderWay() ? 'During a training, only the learning rate can be changed.' : recipeWords(shown),
    );
    toData.hidden = isUnderWay();
    const problems = state.sets.value;
    for (const option of dataset.root.querySelectorAll('option')) {
      const { value } = option;
      // A data set from the URL stays selected even if it cannot be used; the reason is shown.
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

/** The current rate, which a schedule changes at every step. */
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
  corrected: 'A longer schedule for a GPU, which ends when validation accuracy stops improving.',
  paper: 'The recipe of the paper: images are blurred, sharpened, and flipped both ways.',
};

/** Describes the preset, and the augmentation and filters, which the section Data changes. */
function recipeWords({ preset, augmentation, filters }: Settings): string {
  const changes = [
    ...(augmentation ? ['augmented'] : []),
    ...filters.map(({ name }) =>
      name === 'blur' ? 'blurred' : name === 'sharpen' ? 'sharpened' : 'filtered',
    ),
  ];
  const images = changes.length === 0 ? 'neither augmented nor filtered' : changes.join(', ');
  return `${recipeSentences[preset]} Images are ${images}.`;
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
    // Only the name: the label element also contains the text below the field.
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
  // An error disappears as soon as the value is valid, and appears only when the field loses focus.
  input.addEventListener('input', () => {
    if (read() !== undefined) complain(false);
  });
  let shown: number | null | undefined;
  return {
    root,
    input,
    show: (settings, isFresh = false) => {
      const value = settings[name];
      // Events from the worker do not overwrite text that the user is editing.
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
