/** Values flow between the primitives of a program that is being recorded, before any of them has memory. */
import type { Device, Storage } from './device.js';
import type { Spec } from './primitive.js';

export type Origin =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'capture'; readonly storage: Storage }
  | { readonly kind: 'node' }
  | { readonly kind: 'view'; readonly of: Value };

/** Memory outside the program: of a captured tensor, or of an input. */
export type Placement =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'capture'; readonly storage: Storage };

export interface Value {
  readonly id: number;
  /** Of a captured tensor: the same for all over one range of a buffer, whatever their shapes. */
  readonly memory?: string;
  readonly spec: Spec;
  readonly origin: Origin;
  /** Memory outside the program that the value is written to directly, set by `Trace.place` and `Trace.assign`. */
  placement?: Placement;
}

/** The part of a trace that tensors need. */
export interface Recording {
  readonly device: Device;
}

/** The value whose memory `value` is a view of. */
export function rootOf(value: Value): Value {
  return value.origin.kind === 'view' ? rootOf(value.origin.of) : value;
}
