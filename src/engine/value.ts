/** Values: what flows between the primitives of a program that is being recorded, before any has memory. */
import type { Device, Storage } from './device.js';
import type { Spec } from './primitive.js';

export type Origin =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'capture'; readonly storage: Storage }
  | { readonly kind: 'node' }
  | { readonly kind: 'view'; readonly of: Value };

export interface Value {
  readonly id: number;
  readonly spec: Spec;
  readonly origin: Origin;
  /** Memory outside the program that the value is written to directly, set by `Trace.place`. */
  placement?: Storage;
}

/** The recording that a value belongs to, as far as a tensor needs to know it. */
export interface Recording {
  readonly device: Device;
}

/** The value whose memory `value` shows. */
export function rootOf(value: Value): Value {
  return value.origin.kind === 'view' ? rootOf(value.origin.of) : value;
}
