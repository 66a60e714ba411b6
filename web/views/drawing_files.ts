/** Pictures that are chosen, pasted, or dropped on the pad. */
import { element } from '../elements.js';

/** The first picture among pasted or dropped items. */
function pictureIn(transfer: DataTransfer | null): File | undefined {
  return [...(transfer?.files ?? [])].find(({ type }) => type.startsWith('image/'));
}

/** The button that opens a file; `take` receives each picture. */
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
    // Allows choosing the same file again.
    input.value = '';
  });
  return element('span', {}, button, input);
}

/** Accepts pictures dropped on `pad`, or pasted while no text is edited. */
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
    // Files dropped elsewhere on the page are data sets.
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
