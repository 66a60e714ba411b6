/** The commands that download, open and reset the current model. */
import type { Command } from './command.js';

/** `Given` saves the file. */
export const download: Command<(name: string, bytes: Uint8Array<ArrayBuffer>) => void> = {
  label: 'Download',
  hint: 'Weights, optimizer and architecture in one .safetensors file',
  cause: 'model',
  run: async ({ worker }, saveFile) => {
    const { name, bytes } = await worker.models.download();
    saveFile(name, bytes);
  },
};

export const open: Command<readonly File[]> = {
  label: 'Open',
  hint: 'A .safetensors file, or model.json with its weights',
  cause: 'model',
  run: async ({ worker }, files) => worker.models.open(files),
};

export const reset: Command = {
  label: 'Reset',
  hint: 'Back to the built-in model; Undo restores this one, with its training',
  cause: 'model',
  run: async ({ worker, state, settings }) => {
    const isUndoable = state.model.value?.origin !== 'shipped';
    await worker.models.reset(settings.value.dataset);
    return isUndoable ? 'Undo Reset restores the previous network, with its training.' : undefined;
  },
};
