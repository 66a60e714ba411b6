/** The buttons that control the training, and its position and progress. */
import type { App } from '../app.js';
import { imageProblem, primaryCommand, step, stop, train } from '../commands/training.js';
import { element, setAttribute } from '../elements.js';
import type { TrainingStatus } from '../protocol.js';
import { isOver } from '../phase.js';
import { commandButton } from './command_button.js';
import { onceAFrame } from './once_a_frame.js';
import { problemId } from './training_images.js';
import { Announcer, isLostWithoutTraining, positionOf, progressOf, savedText } from './training_words.js';
import { undoButtons } from './undo_buttons.js';

export interface ControlOptions {
  /** Whether the form is valid; if not, it shows why. */
  readonly isValid: () => boolean;
}

export function trainingControls(app: App, { isValid }: ControlOptions): HTMLElement {
  const { state, settings } = app;
  const primary = commandButton(app, () => primaryCommand(app), {
    kind: 'primary',
    confirm: (command) => command !== train || isValid(),
  }).root;
  const buttons = [primary, ...[step, stop].map((command) => commandButton(app, () => command).root)];
  const position = element('p', { class: 'training-position' });
  const saved = element('p', { class: 'quiet training-saved' });
  // Not a live region: a note announces it to screen readers.
  const trouble = element('p', { class: 'note', 'data-level': 'warning', hidden: true });
  const all = progressBar('Progress of the training');
  const epoch = progressBar('Progress of the epoch');
  const bars = element('div', { class: 'training-bars' }, all.root, epoch.root);
  const spoken = element('p', { class: 'sr-only', role: 'status' });
  const root = element(
    'div',
    { class: 'stack training-controls', role: 'group', 'aria-label': 'Training' },
    element('div', { class: 'row' }, ...buttons),
    element('div', { class: 'training-where' }, position, saved),
    undoButtons(app, { scope: 'model', only: ['train', 'stop'] }),
    trouble,
    bars,
    spoken,
  );

  const announcer = new Announcer();
  const paint = onceAFrame(() => {
    const status = state.status.value;
    // The text that explains why the button is disabled.
    setAttribute(primary, 'aria-describedby', imageProblem(app) !== null && problemId);
    position.textContent = standing(status, state.device.value?.info !== null);
    // A model may be saved without a training: opened from a file, or corrected.
    const isOfInterest = status && (status.phase !== 'idle' || status.savedAt !== null);
    saved.textContent = isOfInterest ? savedText(status.savedAt) : '';
    trouble.textContent = status?.trouble ?? '';
    trouble.hidden = trouble.textContent === '';
    const shares = status ? progressOf(status) : { all: null, epoch: null };
    all.show(shares.all);
    epoch.show(shares.epoch);
    bars.hidden = !status || status.phase === 'idle' || isOver(status.phase) || isLostWithoutTraining(status);
  });
  state.status.listen((status) => {
    paint();
    const words = status && announcer.textFor(status, performance.now());
    if (words) spoken.textContent = words;
  });
  for (const store of [state.device, state.sets, settings]) store.listen(paint);
  paint();
  return root;
}

function standing(status: TrainingStatus | null, mayHaveDevice: boolean): string {
  if (!mayHaveDevice) return 'Training needs WebGPU.';
  return status ? positionOf(status) : 'Starting …';
}

interface Bar {
  readonly root: HTMLElement;
  show(share: number | null): void;
}

/** `share` is null while the length is unknown. */
function progressBar(title: string): Bar {
  const bar = element('progress', { max: 1, 'aria-label': title });
  const root = element('div', { class: 'training-bar' }, bar);
  return {
    root,
    show: (share) => {
      if (share === null) bar.removeAttribute('value');
      else bar.value = share;
    },
  };
}
