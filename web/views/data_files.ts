/** Accepts a custom data set: files or a folder, chosen or dropped. */
import { chosenFiles, droppedFiles } from '../../src/browser/dropped_files.js';
import { element } from '../elements.js';

/** `take` receives the files and handles their errors. */
export function customFiles(take: (files: Promise<readonly File[]>) => Promise<void>): HTMLElement {
  const choose = (title: string, attributes: Readonly<Record<string, boolean>>): HTMLElement => {
    const input = element('input', { type: 'file', hidden: true, ...attributes });
    const button = element('button', { type: 'button', class: 'button small' }, title);
    button.addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const files = chosenFiles(input.files ?? []);
      input.value = ''; // allows choosing the same files again, after a fix
      if (files.length > 0) void take(Promise.resolve(files));
    });
    return element('span', {}, input, button);
  };
  const zone = element(
    'div',
    { class: 'custom-files' },
    element(
      'p',
      {},
      'Your own images: drop a folder with one subfolder of pictures per class, a CSV file, or IDX files here. They stay on your machine.',
    ),
    element(
      'div',
      { class: 'row' },
      choose('Choose files', { multiple: true }),
      choose('Choose a folder', { webkitdirectory: true }),
    ),
  );
  const isOver = (is: boolean): void => void zone.classList.toggle('is-over', is);
  zone.addEventListener('dragover', (event) => {
    event.preventDefault();
    isOver(true);
  });
  zone.addEventListener('dragleave', ({ relatedTarget }) =>
    isOver(relatedTarget instanceof Node && zone.contains(relatedTarget)),
  );
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    isOver(false);
    // Read synchronously: the files are only available during the event.
    if (event.dataTransfer) void take(droppedFiles(event.dataTransfer));
  });
  return zone;
}
