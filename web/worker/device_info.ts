/** Describes the device, or why there is none, to display. */
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

/** Why there is no device, as a sentence to display. */
export function problemOf(error: unknown): string {
  const message = textOf(error).replace(/^open: /, '');
  return message.slice(0, 1).toUpperCase() + message.slice(1);
}
