/** Loss and accuracy over the steps, side by side with a shared cursor, and as tables for screen readers. */
import { grouped, percent, rate } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import type { EpochPoint } from '../protocol.js';
import { Store } from '../store.js';
import { curve } from './curves.js';
import { StepSeries } from './curves_series.js';
import { onceAFrame } from './once_a_frame.js';
import { tableOf } from './training_machine.js';
import { lossText } from './training_words.js';

/** Maximum number of rows in the table of steps. */
const mostSteps = 12;

export function trainingCurves({ state }: App): HTMLElement {
  const loss = new StepSeries();
  const accuracy = new StepSeries();
  const valLoss = new StepSeries();
  const valAccuracy = new StepSeries();
  const cursor = new Store<number | null>(null);
  const curves = [
    curve({
      title: 'Loss',
      unit: 'number',
      format: lossText,
      training: loss,
      validation: valLoss,
      cursor,
    }),
    curve({
      title: 'Accuracy',
      unit: 'percent',
      format: (value) => percent(value, 1),
      training: accuracy,
      validation: valAccuracy,
      cursor,
    }),
  ];
  const empty = element(
    'p',
    { class: 'empty' },
    'Loss and accuracy appear here, step by step, when training begins.',
  );
  const both = element('div', { class: 'curves', hidden: true }, ...curves.map(({ root }) => root));
  const asTable = element('div', { class: 'stack' });
  const details = element(
    'details',
    { hidden: true },
    element('summary', {}, 'The curves as a table'),
    asTable,
  );
  const root = element('div', { class: 'stack' }, empty, both, details);

  const showTable = (): void => {
    if (!details.open) return;
    asTable.replaceChildren(epochTable(state.epochs.value ?? []), stepTable(loss, accuracy));
  };
  const paint = onceAFrame(() => {
    const isEmpty = loss.length === 0 && valLoss.length === 0;
    empty.hidden = !isEmpty;
    both.hidden = details.hidden = isEmpty;
  });
  const changed = (): void => {
    paint();
    for (const { redraw } of curves) redraw();
  };
  details.addEventListener('toggle', showTable);
  state.steps.watch((steps) => {
    if (!steps) return;
    if (steps.isFresh) {
      for (const series of [loss, accuracy]) series.clear();
      cursor.set(null);
    }
    for (const { step, loss: value, accuracy: share } of steps.points) {
      loss.add(step, value);
      accuracy.add(step, share);
    }
    changed();
  });
  state.epochs.watch((epochs) => {
    for (const [series, name] of [
      [valLoss, 'val_loss'],
      [valAccuracy, 'val_accuracy'],
    ] as const) {
      series.clear();
      for (const { step, logs } of epochs ?? []) if (logs[name] !== undefined) series.add(step, logs[name]);
    }
    // Once per epoch: a table that changes at every step is unreadable.
    showTable();
    changed();
  });
  return root;
}

function epochTable(epochs: readonly EpochPoint[]): HTMLElement {
  const cell = (value: number | undefined, format: (value: number) => string): string =>
    value === undefined ? '–' : format(value);
  const share = (value: number): string => percent(value);
  return tableOf(
    'Epochs',
    ['Epoch', 'Loss', 'Accuracy', 'Validation loss', 'Validation accuracy', 'Rate'],
    epochs.map(({ epoch, logs }) => [
      String(epoch),
      cell(logs['loss'], lossText),
      cell(logs['accuracy'], share),
      cell(logs['val_loss'], lossText),
      cell(logs['val_accuracy'], share),
      cell(logs['learning_rate'], rate),
    ]),
  );
}

/** Evenly spaced steps with the running means that the curves show. */
function stepTable(loss: StepSeries, accuracy: StepSeries): HTMLElement {
  const count = Math.min(mostSteps, loss.length);
  const places = Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (loss.length - 1)) / (count - 1)),
  );
  return tableOf(
    'Steps, running means',
    ['Step', 'Loss', 'Accuracy'],
    places.map((place) => [
      grouped(loss.steps[place]!),
      lossText(loss.means[place]!),
      percent(accuracy.means[place]!, 1),
    ]),
  );
}
