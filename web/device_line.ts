/** The line under the page's first sentence that names the device. */
import type { App } from './app.js';
import type { DeviceInfo } from './protocol.js';

export function installDeviceLine(root: HTMLElement, { state }: App): void {
  const name = root.querySelector('#device-name');
  state.device.listen((device) => {
    if (!device || !name) return;
    root.dataset['state'] = device.info ? 'ready' : 'absent';
    name.textContent = device.info ? sentenceOf(device.info) : 'No WebGPU: predictions run in JavaScript';
  });
}

/** Such as `NVIDIA GeForce RTX 4070, through WebGPU`. The name of a software adapter is shown under Train. */
function sentenceOf({ name, family }: DeviceInfo): string {
  const shown = name === '' ? 'GPU' : name;
  return family === 'gpu' ? `${shown}, through WebGPU` : 'No GPU found: running on the CPU (slow)';
}
