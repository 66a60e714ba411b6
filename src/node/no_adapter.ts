/** The error for a machine without an adapter. */
import { DeviceError } from '../errors.js';

/** `found` describes what the opener found, such as `Dawn lists no adapter`. */
export function noAdapter(found: string, options?: ErrorOptions): DeviceError {
  return new DeviceError(
    `open: no WebGPU adapter (${found}); expected a GPU with a Vulkan, Metal or Direct3D 12 driver, or a ` +
      `software driver. Install one: Debian and Ubuntu 'apt-get install mesa-vulkan-drivers libvulkan1' ` +
      `(Debian 12: with '-t bookworm-backports'), Fedora 'dnf install mesa-vulkan-drivers vulkan-loader', ` +
      `Arch 'pacman -S vulkan-swrast vulkan-icd-loader', macOS and Windows the system's current graphics ` +
      `driver; in a browser use a current Chrome, Edge, Firefox or Safari with hardware acceleration on.`,
    { ...options, problem: 'no-adapter' },
  );
}
