/** Pictures from outside: chosen, pasted, or dropped on the pad. */
import { element } from '../elements.js';

/** The first picture among what was pasted or dropped. */
export function pictureIn(transfer: DataTransfer | null): File | undefined {
  return [...(transfer?.files ?? [])].find(({ type }) => type.startsWith('image/'));
}

/** The button that opens a file; `take` gets each picture. */
export function uploadButton(take: (file: File) => void): HTMLElement {
  const input = element('input', {
    type: 'file',
    accept: 'image/*',
    hidden: true,
    'aria-label': 'Picture to predict',
  });
  const button = element('button', { type: 'button', class: 'button small' }, 'Upload');
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) take(file);
    // So that the same file can be chosen again.
    input.value = '';
  });
  return element('span', {}, button, input);
}

/** Takes pictures that are dropped on `pad`, or pasted while nothing is being written. */
export function takeDropsAndPastes(pad: HTMLElement, take: (file: File) => void): void {
  pad.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    pad.classList.add('is-target');
  });
  pad.addEventListener('dragleave', () => pad.classList.remove('is-target'));
  pad.addEventListener('drop', (event) => {
    pad.classList.remove('is-target');
    const file = pictureIn(event.dataTransfer);
    if (!file) return;
    event.preventDefault();
    // The page takes files dropped elsewhere as data sets.
    event.stopPropagation();
    take(file);
  });
  document.addEventListener('paste', (event) => {
    if ((event.target as Element).closest?.('input, textarea, [contenteditable]')) return;
    const file = pictureIn(event.clipboardData);
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}
