/** The device, or why there is none, as the page shows it. */
import type { Device } from '../../src/engine/device.js';
import { textOf } from '../error_text.js';
import type { DeviceInfo } from '../protocol.js';

export function deviceInfoOf({ fingerprint, traits, hasTimestamps }: Device): DeviceInfo {
  const { adapter: name, vendor, architecture, subgroupSize } = fingerprint;
  return {
    name,
    vendor,
    architecture,
    family: traits.family,
    subgroupSize,
    hasTimestamps,
  };
}

/** Why nothing can be trained here, for people. */
export function problemOf(error: unknown): string {
  const message = textOf(error).replace(/^open: /, '');
  return message.slice(0, 1).toUpperCase() + message.slice(1);
}
