/** The large figures of a training: speed, time left, and the metrics of the epoch. */
import { duration, figures, percent } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import { isOver } from '../phase.js';
import { onceAFrame } from './once_a_frame.js';
import { lossText, stepTime } from './training_words.js';

const unknown = '–';

export function trainingFigures({ state }: App): HTMLElement {
  const speed = figure('Images per second');
  const step = figure('Step');
  const left = figure('Time left');
  const loss = figure('Loss, this epoch');
  const accuracy = figure('Accuracy, this epoch');
  const validation = figure('Validation accuracy');
  const all = [speed, step, left, loss, accuracy, validation];
  const root = element('dl', { class: 'figures training-figures' }, ...all.map((one) => one.root));

  const paint = onceAFrame(() => {
    const status = state.status.value;
    root.hidden = !status?.settings || status.phase === 'idle';
    if (!status) return;
    const { imagesPerSecond, stepMs, etaSeconds } = status;
    speed.show(imagesPerSecond === null ? unknown : figures(imagesPerSecond));
    step.show(...(stepMs === null ? ([unknown, ''] as const) : stepTime(stepMs)));
    left.show(etaSeconds === null || isOver(status.phase) ? unknown : timeLeft(etaSeconds));
    loss.show(status.loss === null ? unknown : lossText(status.loss));
    accuracy.show(status.accuracy === null ? unknown : percent(status.accuracy, 1));
    const last = state.epochs.value?.findLast(({ logs }) => logs['val_accuracy'] !== undefined);
    validation.show(last ? percent(last.logs['val_accuracy']!, 2) : unknown);
  });
  state.status.listen(paint);
  state.epochs.listen(paint);
  paint();
  return root;
}

/** In whole seconds, since tenths would flicker. */
function timeLeft(seconds: number): string {
  return seconds < 60 ? `${Math.ceil(seconds)} s` : duration(seconds);
}

interface Figure {
  readonly root: HTMLElement;
  show(value: string, unit?: string): void;
}

function figure(name: string): Figure {
  const text = document.createTextNode(unknown);
  const unit = element('small');
  return {
    root: element('div', {}, element('dt', {}, name), element('dd', {}, text, ' ', unit)),
    show: (value, of = '') => {
      if (text.data !== value) text.data = value;
      if (unit.textContent !== of) unit.textContent = of;
    },
  };
}
