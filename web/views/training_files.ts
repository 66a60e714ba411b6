/** Images of one's own, dropped or chosen, and the model as a file: out, in, and back to the one that came with the page. */
import { grouped } from '../../src/report/charts/numbers.js';
import { chosenFiles, droppedFiles } from '../../src/browser/dropped_files.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import type { DataInfo, ModelInfo } from '../protocol.js';
import { withDataset } from '../settings.js';

export function trainingFiles(app: App): HTMLElement {
  return element('div', { class: 'columns training-files' }, ownImages(app), modelFiles(app));
}

// ---- images ----

function ownImages(app: App): HTMLElement {
  const found = element('p', { class: 'quiet', role: 'status' });
  const open = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    found.textContent =
      files.length === 1 ? `Reading ${files[0]!.name} …` : `Reading ${grouped(files.length)} files …`;
    try {
      const info = await app.worker.data.open(files);
      app.settings.set(withDataset(app.settings.value, 'own'));
      found.textContent = `${describe(info)} The next training takes them.`;
    } catch (error) {
      found.textContent = '';
      throw error;
    }
  };
  const zone = element(
    'div',
    { class: 'drop-zone' },
    element('p', { class: 'quiet' }, 'Drop IDX, CSV or PNG files here, pictures in a folder per class.'),
    element(
      'div',
      { class: 'row' },
      fileButton(app, 'Choose files', { multiple: true }, open),
      fileButton(app, 'Choose a folder', { webkitdirectory: true }, open),
    ),
  );
  acceptDrops(zone, (transfer) => void app.attempt(async () => open(await droppedFiles(transfer))));
  return element('div', { class: 'stack' }, element('h3', {}, 'Images of your own'), zone, found);
}

function describe({ name, trainCounts, testCounts, classNames, height, width, channels }: DataInfo): string {
  const sum = (counts: readonly number[] | null): number =>
    (counts ?? []).reduce((total, count) => total + count, 0);
  const size = `${height}×${width}${channels === 1 ? '' : `×${channels}`}`;
  return `${name}: ${grouped(sum(trainCounts) + sum(testCounts))} images of ${size} in ${classNames.length} classes.`;
}

function acceptDrops(zone: HTMLElement, take: (transfer: DataTransfer) => void): void {
  const carriesFiles = ({ dataTransfer }: DragEvent): boolean =>
    dataTransfer?.types.includes('Files') ?? false;
  zone.addEventListener('dragover', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.add('over');
  });
  zone.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && zone.contains(relatedTarget))) zone.classList.remove('over');
  });
  zone.addEventListener('drop', (event) => {
    zone.classList.remove('over');
    if (!carriesFiles(event) || !event.dataTransfer) return;
    event.preventDefault();
    take(event.dataTransfer);
  });
}

// ---- the model ----

const origins: Readonly<Record<ModelInfo['origin'], string>> = {
  shipped: 'came with this page',
  trained: 'trained here',
  opened: 'opened from a file',
};

function modelFiles(app: App): HTMLElement {
  const { models } = app.worker;
  const about = element('p', { class: 'quiet' });
  app.heard.model.watch((model) => {
    about.textContent = model
      ? `${model.name}, ${grouped(model.parameterCount)} parameters, ${origins[model.origin]}.`
      : 'No model yet.';
  });
  const download = actionButton(app, 'Download', async () => {
    const { name, bytes } = await models.download();
    saveFile(name, bytes);
  });
  const reset = actionButton(app, 'Reset', async () => models.reset());
  reset.title = 'Back to the model that came with this page; a training that is paused is given up';
  return element(
    'div',
    { class: 'stack' },
    element('h3', {}, 'The model that predicts'),
    about,
    element(
      'div',
      { class: 'row' },
      download,
      fileButton(app, 'Open', { multiple: true, accept: '.safetensors,.json' }, async (files) =>
        models.open(files),
      ),
      reset,
    ),
  );
}

function saveFile(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const address = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  element('a', { href: address, download: name }).click();
  // The download has its own hold on the contents once it has begun, which browsers do not tell.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

// ---- buttons ----

function actionButton(app: App, text: string, act: () => Promise<void>): HTMLButtonElement {
  const button = element('button', { type: 'button', class: 'button small' }, text);
  button.addEventListener('click', () => void busy(app, button, act));
  return button;
}

async function busy(app: App, button: HTMLButtonElement, act: () => Promise<void>): Promise<void> {
  if (button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  await app.attempt(act);
  button.ariaBusy = 'false';
}

/** A button that opens the dialogue of a hidden file input, since that one's own words cannot be chosen. */
function fileButton(
  app: App,
  text: string,
  attributes: { readonly multiple?: true; readonly webkitdirectory?: true; readonly accept?: string },
  open: (files: readonly File[]) => Promise<void>,
): HTMLElement {
  const input = element('input', { type: 'file', hidden: true, 'aria-label': text, ...attributes });
  const button = element('button', { type: 'button', class: 'button small' }, text);
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const files = chosenFiles(input.files ?? []);
    // So that the same file, changed meanwhile, can be chosen again.
    input.value = '';
    void busy(app, button, async () => open(files));
  });
  return element('span', {}, button, input);
}
