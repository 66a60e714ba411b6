/** What must not be missed, above everything else: that there is no WebGPU, or that the device is gone. */
import type { App } from './app.js';

/** Where WebGPU is, by default. Source: caniuse.com/webgpu, and the release notes of the browsers. */
const browsersWithWebGpu =
  'Chrome and Edge have it since version 113 (on Linux and some phones later), Firefox since 141 on Windows and 145 on macOS, Safari since 26.';

export function installBanners(root: HTMLElement, app: App): void {
  const absent = banner('warning');
  const lost = banner('error');
  const goOn = document.createElement('button');
  goOn.type = 'button';
  goOn.className = 'button small';
  goOn.textContent = 'Go on';
  lost.append(goOn);
  root.setAttribute('role', 'region');
  root.setAttribute('aria-label', 'Warnings');

  app.heard.device.listen((device) => {
    if (!device || device.info) return absent.remove();
    fill(absent, [
      `No WebGPU, so no training here. ${device.problem ?? ''}`.trim(),
      `${browsersWithWebGpu} Meanwhile drawing and predicting work with the model that came with this page, computed in JavaScript; training, the evaluation and the view inside need WebGPU.`,
    ]);
    root.append(absent);
  });

  app.heard.status.listen((status) => {
    if (status?.phase !== 'lost') return lost.remove();
    fill(lost, [
      'The graphics device is gone: its driver was restarted, or the browser took it away.',
      status.settings
        ? `What was saved at step ${status.step} is kept, and the training can go on from there.`
        : 'Nothing was lost.',
    ]);
    if (!lost.isConnected) {
      root.append(lost);
      goOn.focus({ preventScroll: true });
    }
  });

  goOn.addEventListener('click', () => {
    goOn.disabled = true;
    void app
      .attempt(() => app.worker.training.resume())
      .finally(() => {
        goOn.disabled = false;
      });
  });
}

function banner(level: 'warning' | 'error'): HTMLElement {
  const note = document.createElement('div');
  note.className = 'note';
  note.dataset['level'] = level;
  note.setAttribute('role', 'alert');
  note.append(document.createElement('div'));
  return note;
}

function fill(note: HTMLElement, sentences: readonly string[]): void {
  note.firstElementChild?.replaceChildren(
    ...sentences.map((text) => {
      const paragraph = document.createElement('p');
      paragraph.textContent = text;
      return paragraph;
    }),
  );
}
