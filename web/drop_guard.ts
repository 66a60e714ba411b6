/** Rejects files dropped outside the drop zones: the browser would otherwise open them and leave the page. */
export function installDropGuard(): void {
  window.addEventListener('dragover', (event) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  });
}
