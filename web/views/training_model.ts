/** The current model: download it, open another one, or reset to the built-in one. */
import { grouped } from '../../src/report/charts/numbers.js';
import { chosenFiles } from '../../src/browser/dropped_files.js';
import type { App } from '../app.js';
import { runCommand } from '../commands/command.js';
import { download, open, reset } from '../commands/model.js';
import { element } from '../elements.js';
import type { ModelInfo } from '../protocol.js';
import { commandButton } from './command_button.js';
import { undoButtons } from './undo_buttons.js';

const origins: Readonly<Record<ModelInfo['origin'], string>> = {
  shipped: 'built in',
  trained: 'trained here',
  opened: 'opened from a file',
};

export function trainingModel(app: App): HTMLElement {
  const about = element('p', { class: 'quiet' });
  app.state.model.watch((model) => {
    about.textContent = model
      ? `${model.name}, ${grouped(model.parameterCount)} parameters, ${origins[model.origin]}.`
      : 'No model yet.';
  });

  // Until the user trains or opens a model, use the built-in one for the chosen images.
  app.settings.listen(({ dataset }, before) => {
    const isUntouched = app.state.model.value?.origin === 'shipped' && !app.state.status.value?.settings;
    if (dataset !== before.dataset && isUntouched) void runCommand(app, reset, undefined);
  });

  // A hidden file input, since the text of a visible one cannot be changed.
  const input = element('input', {
    type: 'file',
    hidden: true,
    multiple: true,
    accept: '.safetensors,.json',
    'aria-label': 'Model files',
  });
  const choose: typeof reset = { ...open, run: async () => input.click() };
  input.addEventListener('change', () => {
    const files = chosenFiles(input.files ?? []);
    // Allows the same file to be chosen again after it has changed.
    input.value = '';
    if (files.length > 0) void runCommand(app, open, files);
  });
  const buttons = [
    commandButton(app, () => download, { kind: 'small', given: () => saveFile }),
    commandButton(app, () => choose, { kind: 'small' }),
    commandButton(app, () => reset, { kind: 'small' }),
  ].map(({ root }) => root);

  return element(
    'div',
    { class: 'stack training-model' },
    element('h3', {}, 'The current model'),
    about,
    element('div', { class: 'row' }, ...buttons, input),
    undoButtons(app, { scope: 'model', only: ['reset', 'open'] }),
  );
}

function saveFile(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const address = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  element('a', { href: address, download: name }).click();
  // No event reports that a download has started, which keeps the blob alive by itself.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
