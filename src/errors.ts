/**
 * Every error that shadegrad throws on purpose, one class per kind of problem.
 *
 * A message names the function, what it got, what it expected and what to do, with complete shapes:
 *   `conv2d: kernel expects 3 input channels but x has 4 (x [8,32,32,4], kernel [3,3,3,16]).`
 * A user's mistake is one of the typed errors below and is shown without a stack trace. A broken invariant of our own is an
 * InternalError, thrown by `assert`, and keeps its stack trace.
 */

/** The exit code of the process: 1 for a failure, 2 for wrong usage. */
export type ExitCode = 1 | 2;

/** The base class: `error instanceof ShadegradError` tells expected errors from bugs. */
export class ShadegradError extends Error {
  readonly exitCode: ExitCode = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // Written out instead of `new.target.name`, because minified bundles rename classes.
    this.name = 'ShadegradError';
  }
}

/** Tensors whose shapes or dtypes do not match each other, or do not suit an op or a layer. */
export class ShapeError extends ShadegradError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ShapeError';
  }
}

/** A wrong option, argument or order of calls; the command line exits with 2. */
export class UsageError extends ShadegradError {
  override readonly exitCode: ExitCode = 2;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/** A data set or picture whose contents do not match its format. */
export class DataError extends ShadegradError {
  /** A line for each fault, if there are several; the message has the first ones. */
  readonly faults: readonly string[];

  constructor(message: string, options?: ErrorOptions & { readonly faults?: readonly string[] }) {
    super(message, options);
    this.name = 'DataError';
    this.faults = options?.faults ?? [];
  }
}

/** Why a file could not be used; `other` for an unknown code of the operating system. */
export type FileProblem =
  'missing' | 'forbidden' | 'disk-full' | 'not-a-folder' | 'not-a-file' | 'locked' | 'network' | 'other';

/** A file or folder that is missing, unreadable, locked, or cannot be written. */
export class FileError extends ShadegradError {
  readonly problem: FileProblem;

  constructor(message: string, options?: ErrorOptions & { problem?: FileProblem }) {
    super(message, options);
    this.name = 'FileError';
    this.problem = options?.problem ?? 'other';
  }
}

/** `no-adapter`: WebGPU is unavailable; `lost`: the device was lost; `limit`: it is too small for the task, or lacks a feature. */
export type DeviceProblem = 'no-adapter' | 'lost' | 'limit' | 'shader' | 'other';

/** The device is missing, was lost, is too small for the task, or refuses a shader. */
export class DeviceError extends ShadegradError {
  readonly problem: DeviceProblem;
  /** The WebGPU method that threw or rejected, such as `createBuffer`; undefined for other problems. */
  readonly call: string | undefined;

  constructor(message: string, options?: ErrorOptions & { problem?: DeviceProblem; call?: string }) {
    super(message, options);
    this.name = 'DeviceError';
    this.problem = options?.problem ?? 'other';
    this.call = options?.call;
  }

  /** The device and all tensors on it are lost. `reason` comes from the driver. */
  static lost(reason: string, options?: ErrorOptions): DeviceError {
    return new DeviceError(
      `device: lost (${reason}); all tensors on it are gone. Open a new device and resume from the last checkpoint.`,
      { ...options, problem: 'lost' },
    );
  }
}

/** Something used outside its lifetime: a disposed tensor, a closed device, a model before compile(). */
export class StateError extends ShadegradError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StateError';
  }
}

/** A file of a model, weights or a checkpoint that is damaged or belongs to another model. */
export class ModelError extends ShadegradError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
  }
}

/** A broken invariant: a bug in shadegrad, never the user's mistake. */
export class InternalError extends Error {
  constructor(belief: string, options?: ErrorOptions) {
    super(`a belief of shadegrad's own is broken: ${belief}. This is a bug, please report it.`, options);
    this.name = 'InternalError';
  }
}

/**
 * States an invariant of our own code; not for validating what a user passes.
 *
 * Throws: InternalError naming the invariant if the condition is false.
 */
export function assert(condition: unknown, belief: string): asserts condition {
  if (!condition) throw new InternalError(belief);
}
