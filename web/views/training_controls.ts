/**
 * Train, pause, resume (one button whose label says what it will do), step and stop, and where the training stands.
 *
 * Keys: Ctrl+Enter, Ctrl+Shift+Enter and Ctrl+. (⌘ on a Mac) do the same from anywhere on the page. All have a
 * modifier, so that they meet neither what is being written nor the single keys of screen readers.
 */
import type { App } from '../app.js';
import { element, enable, onPress, setAttribute } from '../elements.js';
import type { TrainingStatus } from '../protocol.js';
import { isOver } from '../phase.js';
import { onceAFrame } from './once_a_frame.js';
import { problemId, problemOf } from './training_images.js';
import {
  Announcer,
  type Action,
  controlsOf,
  isLostInNothing,
  positionOf,
  progressOf,
  savedText,
} from './training_words.js';
import { undoButtons } from './undo_buttons.js';

export interface ControlOptions {
  /** Whether what is written in the form can be trained with; says what not. */
  readonly isValid: () => boolean;
}

export function trainingControls(app: App, { isValid }: ControlOptions): HTMLElement {
  const { state, settings, worker } = app;
  const main = button('primary', 'Train', 'Ctrl+Enter', 'Control+Enter');
  const step = button('', 'Step', 'One step, then paused again: Ctrl+Shift+Enter', 'Control+Shift+Enter');
  const stop = button('', 'Stop', 'Ends this training; what it has learned stays: Ctrl+.', 'Control+.');
  const position = element('p', { class: 'training-position' });
  const saved = element('p', { class: 'quiet training-saved' });
  // Spoken as a note when it comes.
  const trouble = element('p', { class: 'note', 'data-level': 'warning', hidden: true });
  const all = progressBar('Of the whole training');
  const epoch = progressBar('Of this epoch');
  const bars = element('div', { class: 'training-bars' }, all.root, epoch.root);
  const spoken = element('p', { class: 'sr-only', role: 'status' });
  const root = element(
    'div',
    { class: 'stack training-controls', role: 'group', 'aria-label': 'Training' },
    element('div', { class: 'row' }, main, step, stop),
    element('div', { class: 'training-where' }, position, saved),
    undoButtons(app, { scope: 'model', only: ['train', 'stop'] }),
    trouble,
    bars,
    spoken,
  );

  /** A call is under way: until it has been answered, another makes no sense. Stop always does. */
  let isAsking = false;
  const ask = async (work: () => Promise<void>): Promise<void> => {
    isAsking = true;
    show();
    await app.attempt('training', work);
    isAsking = false;
    show();
  };
  const acts: Readonly<Record<Action, () => Promise<void>>> = {
    begin: async () => worker.training.begin(settings.value),
    pause: async () => worker.training.pause(),
    resume: async () => worker.training.resume(),
  };
  const controls = (): ReturnType<typeof controlsOf> =>
    controlsOf(state.status.value, (state.device.value?.info ?? null) !== null, problemOf(app) === null);
  const act = (): void => {
    const { action } = controls();
    if (action !== 'begin' || isValid()) void ask(acts[action]);
  };
  onPress(main, act);
  onPress(step, () => void ask(async () => worker.training.step()));
  onPress(stop, () => void app.attempt('training', async () => worker.training.stop()));

  function show(): void {
    const { label, action, canAct, canStep, canStop } = controls();
    main.textContent = label;
    main.title = `${label}: Ctrl+Enter`;
    // Why it cannot be pressed.
    setAttribute(main, 'aria-describedby', problemOf(app) !== null && problemId);
    main.dataset['action'] = action;
    enable(main, canAct && !isAsking);
    enable(step, canStep && !isAsking);
    enable(stop, canStop);
    setAttribute(main, 'aria-busy', isAsking ? 'true' : undefined);
  }

  const announcer = new Announcer();
  const paint = onceAFrame(() => {
    const status = state.status.value;
    show();
    position.textContent = standing(status, state.device.value?.info !== null);
    // A model may be kept without any training: opened, or taught by a drawing.
    const isOfInterest = status && (status.phase !== 'idle' || status.savedAt !== null);
    saved.textContent = isOfInterest ? savedText(status.savedAt) : '';
    trouble.textContent = status?.trouble ?? '';
    trouble.hidden = trouble.textContent === '';
    const shares = status ? progressOf(status) : { all: null, epoch: null };
    all.show(shares.all);
    epoch.show(shares.epoch);
    bars.hidden = !status || status.phase === 'idle' || isOver(status.phase) || isLostInNothing(status);
  });
  state.status.listen((status) => {
    paint();
    const words = status && announcer.hear(status, performance.now());
    if (words) spoken.textContent = words;
  });
  for (const store of [state.device, state.sets, settings]) store.listen(paint);
  paint();

  document.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.repeat) return;
    const target =
      event.key === '.' ? stop : event.key !== 'Enter' ? undefined : event.shiftKey ? step : main;
    if (!target) return;
    event.preventDefault();
    // What is being written counts, as if the field had been left, which is then for later.
    if (document.activeElement?.closest('form')) main.focus({ preventScroll: true });
    target.click();
  });
  return root;
}

function standing(status: TrainingStatus | null, mayHaveDevice: boolean): string {
  if (!mayHaveDevice) return 'Training needs WebGPU.';
  return status ? positionOf(status) : 'Starting …';
}

function button(kind: string, text: string, title: string, keys: string): HTMLButtonElement {
  return element(
    'button',
    { type: 'button', class: `button ${kind}`.trim(), title, 'aria-keyshortcuts': keys },
    text,
  );
}

interface Bar {
  readonly root: HTMLElement;
  show(share: number | null): void;
}

/** Null: work is under way, of unknown length. */
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
