/** What computes, in one line under the page's first sentence. */
import type { App } from './app.js';
import type { DeviceInfo } from './protocol.js';

export function installDeviceLine(root: HTMLElement, { state }: App): void {
  const name = root.querySelector('#device-name');
  state.device.listen((device) => {
    if (!device || !name) return;
    root.dataset['state'] = device.info ? 'ready' : 'absent';
    name.textContent = device.info ? sentenceOf(device.info) : 'No WebGPU here: JavaScript predicts';
  });
}

/** `NVIDIA GeForce RTX 4070, through WebGPU`; a software adapter has its name under Train. */
function sentenceOf({ name, family }: DeviceInfo): string {
  const shown = name === '' ? 'A graphics processor' : name;
  return family === 'gpu' ? `${shown}, through WebGPU` : 'No GPU found: running on the CPU (slow)';
}
