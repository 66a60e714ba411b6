/** The model that predicts, as a file: out, in, and back to the one that came with the page. */
import { grouped } from '../../src/report/charts/numbers.js';
import { chosenFiles } from '../../src/browser/dropped_files.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import type { ModelInfo } from '../protocol.js';
import { undoButtons } from './undo_buttons.js';

const origins: Readonly<Record<ModelInfo['origin'], string>> = {
  shipped: 'came with this page',
  trained: 'trained here',
  opened: 'opened from a file',
};

export function trainingModel(app: App): HTMLElement {
  const { models } = app.worker;
  const about = element('p', { class: 'quiet' });
  app.state.model.watch((model) => {
    about.textContent = model
      ? `${model.name}, ${grouped(model.parameterCount)} parameters, ${origins[model.origin]}.`
      : 'No model yet.';
  });

  const download = actionButton('Download', 'Weights, optimizer and architecture in one .safetensors file');
  download.addEventListener('click', () =>
    whileBusy(app, download, async () => {
      const { name, bytes } = await models.download();
      saveFile(name, bytes);
    }),
  );
  const reset = actionButton(
    'Reset',
    'Back to the model that came with this page; Undo brings this one back, with its training',
  );
  reset.addEventListener('click', () =>
    whileBusy(app, reset, async () => {
      const isWorthKeeping = app.state.model.value?.origin !== 'shipped';
      await models.reset(app.settings.value.dataset);
      if (isWorthKeeping) app.say('Undo Reset brings back the network before, with its training.');
    }),
  );

  // Until the user has trained or opened one, the model that comes with the page is that of the images chosen.
  app.settings.listen(({ dataset }, before) => {
    const isUntouched = app.state.model.value?.origin === 'shipped' && !app.state.status.value?.settings;
    if (dataset !== before.dataset && isUntouched) whileBusy(app, reset, async () => models.reset(dataset));
  });

  // A button that opens the dialogue of a hidden file input, since that one's own words cannot be chosen.
  const input = element('input', {
    type: 'file',
    hidden: true,
    multiple: true,
    accept: '.safetensors,.json',
    'aria-label': 'Model files',
  });
  const open = actionButton('Open', 'A .safetensors file, or model.json with its weights');
  open.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const files = chosenFiles(input.files ?? []);
    // So that the same file, changed meanwhile, can be chosen again.
    input.value = '';
    if (files.length > 0) whileBusy(app, open, async () => models.open(files));
  });

  return element(
    'div',
    { class: 'stack training-model' },
    element('h3', {}, 'The model that predicts'),
    about,
    element('div', { class: 'row' }, download, open, reset, input),
    undoButtons(app, { scope: 'model', only: ['reset', 'open'] }),
  );
}

function actionButton(text: string, title: string): HTMLButtonElement {
  return element('button', { type: 'button', class: 'button small', title }, text);
}

/** Pressed again meanwhile, the button does nothing. What goes wrong is said. */
function whileBusy(app: App, button: HTMLButtonElement, act: () => Promise<void>): void {
  if (button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  void app.attempt('model', act).finally(() => {
    button.ariaBusy = 'false';
  });
}

function saveFile(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const address = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  element('a', { href: address, download: name }).click();
  // The download has its own hold on the contents once it has begun, which browsers do not tell.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
